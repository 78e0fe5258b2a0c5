"""How large the functions are that `sam build` made: all of it is loaded at each cold start."""

import zipfile

import pytest

# MB of each zip, as measured; docs/lambda.md says of what they are made.
STATED = {"ApiFunction": 2.6, "ExpiryHandlerFunction": 2.25, "DeliveryFunction": 2.2}
# A larger one fails, and so does one that has become so much smaller that the figures above say nothing any more.
MARGIN, SLACK = 0.03, 0.1


@pytest.mark.parametrize("function", STATED)
def test_a_functions_zip_is_no_larger_than_stated(built, report, tmp_path, function):
    binary, archive = built.parent / function / "bootstrap", tmp_path / "function.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as zipped:
        zipped.write(binary, "bootstrap")
    megabytes, stated = archive.stat().st_size / 1e6, STATED[function]
    report(f"{function}: {megabytes:.2f} MB")
    assert stated * (1 - SLACK) <= megabytes <= stated * (1 + MARGIN), f"{megabytes:.2f} MB, stated are {stated}"
