"""samconfig.toml's environments fit the template."""

import tomllib

import pytest

from sam import ROOT, template

CONFIG = tomllib.loads((ROOT / "samconfig.toml").read_text())


def parameters(environment):
    overrides = CONFIG[environment]["deploy"]["parameters"].get("parameter_overrides", [])
    return dict(override.split("=", 1) for override in overrides)


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_it_sets_only_parameters_that_there_are_to_values_that_they_take(environment):
    known = template().raw["Parameters"]
    for name, value in parameters(environment).items():
        parameter = known[name]
        if "AllowedValues" in parameter:
            assert value in map(str, parameter["AllowedValues"]), f"{name} can't be {value}"
        if "MinValue" in parameter:
            assert parameter["MinValue"] <= int(value) <= parameter.get("MaxValue", int(value)), (
                f"{name} can't be {value}"
            )


def test_prods_data_is_protected_and_neither_sends_webhooks_to_where_they_must_not_go():
    assert parameters("prod")["DeletionProtection"] == "true"
    assert parameters("prod")["PointInTimeRecovery"] == "true"
    for environment in "dev", "prod":
        assert parameters(environment).get("AllowedWebhooks", "strict") == "strict"


def test_the_stacks_are_apart():
    names = [CONFIG[environment]["deploy"]["parameters"]["stack_name"] for environment in ("dev", "prod")]
    assert len(set(names)) == 2
