from __future__ import annotations

import os
import re
import subprocess
import sys
import traceback
from pathlib import Path

import pytest

from pgwarden import settings
from pgwarden.domain.errors import SettingsError
from pgwarden.domain.result import ReadLimits
from pgwarden.settings import DatabaseSettings, Settings, environment_variable, load

SECRET = "hunter2-s3cret"
DOCS = Path(__file__).parents[2] / "docs" / "settings.md"


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.upper().startswith("PGWARDEN_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The settings file, at a place that the environment names; only its owner can open it."""
    path = tmp_path / "pgwarden.toml"
    path.touch(mode=0o600)
    monkeypatch.setenv("PGWARDEN_CONFIG", str(path))
    return path


def refusal(**arguments: object) -> SettingsError:
    with pytest.raises(SettingsError) as caught:
        load(**arguments)
    error = caught.value
    assert error.why
    assert error.not_done
    assert error.next_step
    assert SECRET not in str(error.to_dict())
    assert SECRET not in "".join(traceback.format_exception(error))
    return error


def test_without_any_setting_everything_is_safe(tmp_path: Path) -> None:
    chosen = load()
    assert chosen.targets == {}
    assert chosen.control_url is None
    assert chosen.home == tmp_path / "data" / "pgwarden"
    assert chosen.config == tmp_path / "config" / "pgwarden" / "config.toml"
    assert chosen.read_limits == ReadLimits()
    assert chosen.pool_size == 10


def test_the_file_at_the_default_place_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "config" / "pgwarden"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text("read_rows = 7")
    assert load().read_rows == 7


def test_argument_wins_over_environment_wins_over_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text("read_rows = 1\nread_seconds = 1\npool_size = 3")
    monkeypatch.setenv("PGWARDEN_READ_ROWS", "2")
    monkeypatch.setenv("PGWARDEN_READ_SECONDS", "2")
    chosen = load(read_rows=5, user=None)
    assert (chosen.read_rows, chosen.read_seconds, chosen.pool_size) == (5, 2.0, 3)


def test_the_place_of_the_file_can_be_an_argument(file: Path, tmp_path: Path) -> None:
    file.write_text("read_rows = 1")
    other = tmp_path / "other.toml"
    other.write_text("read_rows = 2")
    assert load(config=other).read_rows == 2


def test_an_empty_variable_is_no_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGWARDEN_REDIS_URL", "")
    assert load().redis_url is None


def test_nothing_can_be_changed_afterwards() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load().read_rows = 5


def test_the_name_comes_from_the_operating_system_not_from_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("USER", "LOGNAME", "USERNAME"):
        monkeypatch.setenv(name, "someone-else")
    assert load().user == settings.operating_system_user() != "someone-else"


@pytest.mark.parametrize("below", ["", "state"])
def test_a_home_that_is_a_file_is_refused(tmp_path: Path, below: str, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "file"
    file.touch()
    monkeypatch.setenv("PGWARDEN_HOME", str(file / below))
    error = refusal()
    assert "PGWARDEN_HOME" in error.why
    assert f"a directory is expected, and {file} is none" in error.why


# Unknown names


def test_an_unknown_key_in_the_file_is_refused_with_the_nearest_name(file: Path) -> None:
    file.write_text("read_row = 5")
    error = refusal()
    assert "read_row " in error.what
    assert str(file) in error.why
    assert "read_rows" in error.next_step


def test_an_unknown_variable_is_refused_with_the_nearest_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGWARDEN_READ_ROW", SECRET)
    error = refusal()
    assert "PGWARDEN_READ_ROW " in error.what
    assert "PGWARDEN_READ_ROWS" in error.next_step


def test_variables_for_passwords_are_not_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGWARDEN_PASSWORD_SHOP", SECRET)
    assert load().read_rows == 1000


@pytest.mark.parametrize("text", ["config = '/etc/x.toml'", "[databases.shop]\nurl = 'postgresql://h/d'\nurll = 'x'"])
def test_unknown_places_are_refused(file: Path, text: str) -> None:
    file.write_text(text)
    refusal()


def test_databases_come_from_the_file_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGWARDEN_DATABASES", '{"shop": {"url": "postgresql://h/d"}}')
    assert "PGWARDEN_DATABASES" in refusal().what


# Malformed values

MALFORMED = {
    "read_rows": ["0", "many", "1e3", "-1", "2000000"],
    "read_seconds": ["0", "nan", "inf", "4000"],
    "pool_size": ["1", "2.5"],
    "log_level": ["DEBUG!", "warn"],
    "home": ["relative/place"],
    "config": ["relative/place"],
    "user": ["two\nlines"],
    "control_url": [f"mysql://ana:{SECRET}@db/x", SECRET],
    "database_url": [f"ana:{SECRET}@db"],
    "redis_url": [f"http://:{SECRET}@cache"],
}


@pytest.mark.parametrize(
    ("field", "value"), [(field, value) for field, values in MALFORMED.items() for value in values]
)
def test_a_malformed_variable_is_named(field: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    variable = environment_variable(field)
    assert variable
    monkeypatch.setenv(variable, value)
    error = refusal()
    assert variable in error.why + error.next_step


@pytest.mark.parametrize(
    "text",
    [
        "read_rows = true",
        "read_seconds = false",
        'read_rows = "many"',
        "home = 5",
        "databases = 5",
        "databases.shop = 'postgresql://h/d'",
        "[databases.Shop]\nurl = 'postgresql://h/d'",
        "[databases.shop]\nallow_writes = true",
        "[databases.shop]\nurl = 'postgresql://h/d'\nallow_writes = 'yes'",
        "[databases.shop]\nurl = 'postgresql://h/d'\nallow_writes = 1",
        "[databases.shop]\nurl = 'postgresql://h/d'\nsslmode = 'maybe'",
        "[databases.shop]\nurl = 'postgresql://h/d'\npassfile = 'pgpass'",
        "[databases.shop]\nurl = 'postgresql://h/d'\npassword_env = 'not a name'",
        "[databases.shop]\nurl = 'postgresql://h/d'\npassword_env = 'PGWARDEN_SHOP'",
        "[databases.shop]\nurl = 'postgresql://h/d'\npassword_env = 'A'\npassfile = '/b'",
        f"[databases.shop]\nurl = 'postgresql://a:{SECRET}@h/d'\npassword_env = 'A'",
    ],
)
def test_a_malformed_value_in_the_file_is_refused(file: Path, text: str) -> None:
    file.write_text(text)
    assert "settings file" in refusal().why


def test_all_faults_are_told_at_once(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text("pool_size = 1")
    monkeypatch.setenv("PGWARDEN_READ_ROWS", "x")
    error = refusal(log_level="loud")
    assert error.what.startswith("3 ")
    for place in ("pool_size (from the settings file)", "PGWARDEN_READ_ROWS", "log_level (given as an argument)"):
        assert place in error.why


# The file itself


@pytest.mark.parametrize("content", [b"read_rows = ", b"\xff\xfe", b"read_rows = 1\nread_rows = 2"])
def test_a_file_that_is_not_toml_is_refused(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    assert str(file) in refusal().what


def test_a_file_that_was_named_must_exist(file: Path) -> None:
    file.unlink()
    assert "does not exist" in refusal().why


def test_a_home_that_is_no_directory_has_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", "/dev/null")
    assert load().read_rows == 1000


def test_a_directory_is_no_file(file: Path) -> None:
    file.unlink()
    file.mkdir()
    assert "cannot be read" in refusal().what


SECRETS = [
    f"control_url = 'postgresql://ana:{SECRET}@db/control'",
    f"database_url = 'host=db password={SECRET}'",
    f"redis_url = 'redis://:{SECRET}@cache'",
    f"[databases.shop]\nurl = 'postgresql://db/shop?user=ana&password={SECRET}'",
]


@pytest.mark.parametrize("text", SECRETS)
def test_a_file_with_a_secret_must_be_closed_to_others(file: Path, text: str) -> None:
    file.write_text(text)
    load()
    for mode in (0o640, 0o604, 0o620):
        file.chmod(mode)
        error = refusal()
        assert "not protected" in error.what
        assert "chmod 600" in error.next_step


def test_a_file_without_secrets_may_be_readable(file: Path) -> None:
    file.write_text("control_url = 'postgresql://ana@db/control'\nread_rows = 5")
    file.chmod(0o664)
    assert load().read_rows == 5
    file.chmod(0o666)
    assert "Everyone can write" in refusal().why


def test_a_file_that_names_a_command_is_not_for_a_group_to_write(file: Path) -> None:
    file.write_text("[databases.shop]\nurl = 'postgresql://h/d'\npassword_command = ['pass', 'shop']")
    file.chmod(0o664)
    assert "command" in refusal().why


def test_a_file_of_someone_else_is_refused() -> None:
    stranger = os.getuid() + 1
    status = os.stat_result((0o100600, 1, 1, 1, stranger, stranger, 0, 0, 0, 0))
    with pytest.raises(SettingsError) as caught:
        settings._check_openness(Path("/x/config.toml"), status, {})
    assert "another user" in caught.value.why


# Targets and secrets


def test_targets_of_the_file_and_of_the_environment(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text(
        """
        [databases.shop]
        url = "postgresql://ana@db/shop"
        allow_writes = true
        password_command = ["pass", "show", "shop"]
        sslmode = "verify-full"
        sslrootcert = "/etc/ssl/shop.pem"
        """
    )
    monkeypatch.setenv("PGWARDEN_DATABASE_URL", "host=/run/postgresql dbname=crm")
    targets = load().targets
    assert set(targets) == {"default", "shop"}
    assert not targets["default"].allow_writes
    assert targets["shop"].allow_writes
    assert targets["shop"].password_command == ("pass", "show", "shop")
    assert targets["shop"].sslrootcert == Path("/etc/ssl/shop.pem")


def test_two_targets_named_default_are_refused(file: Path) -> None:
    file.write_text("database_url = 'postgresql://h/a'\n[databases.default]\nurl = 'postgresql://h/b'")
    assert "default" in refusal().why


def test_secrets_show_nowhere(file: Path) -> None:
    file.write_text("\n".join(sorted(SECRETS, key=lambda text: text.startswith("["))))
    chosen = load()
    for shown in (repr(chosen), str(chosen), str(chosen.model_dump()), chosen.model_dump_json(), repr(chosen.targets)):
        assert SECRET not in shown
    assert chosen.control_url is not None
    assert SECRET in chosen.control_url.get_secret_value()


# The docs


def test_every_setting_is_documented() -> None:
    text = DOCS.read_text(encoding="utf-8")
    for name, field in Settings.model_fields.items():
        assert f"### `{name}`" in text, f"docs/settings.md has no section on {name}"
        assert field.description, f"{name} has no description"
        assert field.description in text, f"docs/settings.md does not say about {name}: {field.description}"
        if variable := environment_variable(name):
            assert f"`{variable}`" in text, f"docs/settings.md does not name {variable}"
    for name, field in DatabaseSettings.model_fields.items():
        assert field.description, f"databases.NAME.{name} has no description"
        assert f"| `{name}` | {field.description} |" in text, f"docs/settings.md: the table of databases lacks {name}"


def section(name: str) -> str:
    """What the docs say about one setting, numbers without their thousands separators."""
    _, _, rest = DOCS.read_text(encoding="utf-8").partition(f"### `{name}`\n")
    return re.sub(r"(?<=\d),(?=\d{3})", "", rest.partition("\n### ")[0])


NUMBERS = [name for name, field in Settings.model_fields.items() if type(field.default) in (int, float)]


@pytest.mark.parametrize("name", NUMBERS)
def test_bounds_and_defaults_are_documented_as_they_are(name: str) -> None:
    field = Settings.model_fields[name]
    assert f"default {field.default:.0f}" in section(name)
    for bound in field.metadata:
        for kind in ("ge", "gt", "le"):
            if (number := getattr(bound, kind, None)) is not None:
                assert re.search(rf"\b{number}\b", section(name)), f"{name}: {kind} {number}"


def test_no_documented_setting_is_gone() -> None:
    headings = [line for line in DOCS.read_text(encoding="utf-8").splitlines() if line.startswith("### `")]
    assert [heading.removeprefix("### `").removesuffix("`") for heading in headings] == list(Settings.model_fields)


def test_importing_the_settings_loads_no_driver_and_no_server() -> None:
    code = (
        "import sys, pgwarden.settings; print(sorted({'psycopg', 'postgast', 'redis', 'structlog'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
