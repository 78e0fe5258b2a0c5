"""Where the command line finds its server and its key: flags, the environment, a file, a local server's data folder."""

import shutil

import pytest

from command import Cli
from minoots import free_port


@pytest.fixture
def bare(tmp_path):
    """Somebody who has configured nothing."""
    return Cli(tmp_path)


def configure(cli, text, folder=".config"):
    path = cli.folder / folder / "minoots/config.toml"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    path.chmod(0o600)
    return path


def test_flags_win_over_the_environment_and_that_over_the_file(server, bare):
    configure(bare, 'base_url = "http://127.0.0.1:9"\napi_key = "mnt_live_of-the-file"\n')
    assert "127.0.0.1:9 " in bare.fails(6, "timers", "list")
    bare.environment |= {"MINOOTS_BASE_URL": server.url}
    assert "MINOOTS_API_KEY" in bare.fails(3, "timers", "list")
    bare.environment |= {"MINOOTS_API_KEY": "mnt_live_of-the-environment"}
    bare.fails(3, "timers", "list")
    bare("timers", "list", "--api-key", server.key)
    bare("timers", "list", "--api-key", server.key, "--base-url", server.url + "/")


def test_the_file_alone_is_enough_also_in_the_xdg_folder_and_where_it_is_said(server, bare):
    text = f'base_url = "{server.url}"\napi_key = "{server.key}"\n'
    path = configure(bare, text)
    bare("timers", "list")
    elsewhere = configure(bare, text, folder="xdg")
    path.unlink()
    bare.fails(3, "timers", "list")
    bare("timers", "list", "--config", elsewhere)
    bare.environment["XDG_CONFIG_HOME"] = str(bare.folder / "xdg")
    bare("timers", "list")


def test_the_test_key_is_in_the_environment_or_the_file(server, bare):
    key = server.api.test_mode().key
    configure(bare, f'base_url = "{server.url}"\napi_key = "{server.key}"\ntest_api_key = "{key}"\n')
    id = bare("timers", "create", "1h", "--test").strip()
    bare.fails(4, "timers", "get", id)
    bare("timers", "get", id, "--test")


def test_a_file_that_is_wrong_or_missing_is_named(bare):
    path = configure(bare, 'api_key = "mnt_live_secret"\nserver = "x"\n')
    complaint = bare.fails(2, "timers", "list")
    assert str(path) in complaint
    assert "line 2" in complaint
    assert "secret" not in complaint
    assert "no-such-file" in bare.fails(2, "timers", "list", "--config", "no-such-file")


def test_a_file_with_a_key_that_others_may_read_is_complained_of(server, bare):
    path = configure(bare, f'base_url = "{server.url}"\napi_key = "{server.key}"\n')
    path.chmod(0o644)
    done = bare.run("timers", "list")
    assert done.returncode == 0
    assert f"chmod 600 {path}" in done.stderr


def test_a_local_servers_key_is_found_in_its_data_folder(server, bare):
    """As in the folder in which `minoots dev` was started."""
    bare.environment["MINOOTS_BASE_URL"] = server.url
    assert "minoots dev" in bare.fails(3, "timers", "list")
    (bare.folder / ".minoots").mkdir()
    shutil.copy(server.folder / "data/api-key", bare.folder / ".minoots/api-key")
    bare("timers", "list")
    bare("timers", "list", "--data-dir", server.folder / "data")


def test_a_local_servers_key_is_sent_to_no_other_machine_and_not_taken_from_a_file_that_others_may_read(server, bare):
    (bare.folder / ".minoots").mkdir()
    key = bare.folder / ".minoots/api-key"
    shutil.copy(server.folder / "data/api-key", key)
    for elsewhere in ("https://api.example.com", "http://127.0.0.1.example.com"):
        assert "there is no API key" in bare.fails(3, "timers", "list", "--base-url", elsewhere)
    key.chmod(0o644)
    assert "there is no API key" in bare.fails(3, "timers", "list", "--base-url", server.url)


def test_a_server_that_is_not_there_is_named_with_what_to_do(bare):
    url = f"http://127.0.0.1:{free_port()}"
    complaint = bare.fails(6, "timers", "list", "--base-url", url, "--api-key", "mnt_live_x")
    assert url in complaint
    assert "minoots dev" in complaint


@pytest.mark.parametrize("address", ["ftp://x", "nonsense", "http://", ""])
def test_an_address_that_is_none_is_usage(bare, address):
    bare.fails(2, "timers", "list", "--base-url", address, "--api-key", "mnt_live_x")


def test_a_server_of_another_kind_is_said_to_be_one(bare, receiver):
    complaint = bare.fails(1, "timers", "list", "--base-url", receiver.url, "--api-key", "mnt_live_x")
    assert "Is http://127.0.0.1" in complaint


def test_what_was_answered_late_or_not_at_all_is_tried_again_without_a_second_timer(bare, start_receiver):
    """The same Idempotency-Key each time: the server knows the repetition."""
    receiver = start_receiver((503, {"Retry-After": "0"}))
    bare.fails(6, "timers", "create", "1h", "--base-url", receiver.url, "--api-key", "mnt_live_x")
    keys = {hit.headers["idempotency-key"] for hit in receiver.hits}
    assert len(receiver.hits) == 4
    assert len(keys) == 1
