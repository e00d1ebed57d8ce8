"""Real servers for every test: one of each version for the whole run, shared by all workers, gone at its end."""

from __future__ import annotations

import gc
import os
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import conninfo, sql
from tests.support import debian, npm, parts
from tests.support.databases import MakeDatabase, create_database, drop_database, exists, point_at, rename_database
from tests.support.runs import Run

from pgwarden.adapters.embedded.locks import exclusive
from pgwarden.adapters.embedded.server import EmbeddedServer, ServerOptions
from pgwarden.demo import shop

__all__ = ["MakeDatabase"]  # its place for tests that ask for the factory

RUN_DIRECTORY = "TEST_RUN_OF_PGWARDEN"  # not PGWARDEN_…: those are settings, and an unknown one is refused
_OWNED = pytest.StashKey[Run]()
QUICK = ServerOptions(durable=False, settings={"max_connections": "300", "autovacuum": "off"})
LIGHT = ServerOptions(durable=False, settings={**QUICK.settings, "scram_iterations": "1"})
"""The same with passwords that are proved quickly (PostgreSQL 16): thousands of connections are made."""

sys.dont_write_bytecode = False  # compiling is half the time of a process that tests start; __pycache__ is ignored
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def pytest_configure(config: pytest.Config) -> None:
    """The process that starts the run makes its directory; xdist workers inherit the name."""
    config.pluginmanager.register(parts)
    if RUN_DIRECTORY not in os.environ:
        run = config.stash[_OWNED] = Run()
        os.environ[RUN_DIRECTORY] = str(run.directory)


def pytest_unconfigure(config: pytest.Config) -> None:
    if _OWNED in config.stash:
        del os.environ[RUN_DIRECTORY]
        config.stash[_OWNED].end()


def pytest_collection_finish() -> None:
    """What was imported and collected stays: the collector need not walk it again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def run_directory() -> Path:
    """A directory of this run, shared by its workers, that the service account may pass through."""
    return Path(os.environ[RUN_DIRECTORY])


@pytest.fixture
def state_home(run_directory: Path) -> Path:
    """A state directory (PGWARDEN_HOME) for one test: unlike tmp_path, the service account may pass through it."""
    home = run_directory / f"home-{uuid.uuid4().hex[:8]}"
    home.mkdir(mode=0o711)
    home.chmod(0o711)
    return home


@pytest.fixture(scope="session")
def pg18_url(run_directory: Path) -> Iterator[str]:
    """A superuser's URL on the embedded PostgreSQL 18."""
    with EmbeddedServer(run_directory / "18", options=LIGHT) as server:
        yield _lightened(server, run_directory)


@pytest.fixture(scope="session")
def pg16_url(run_directory: Path) -> Iterator[str]:
    """A superuser's URL on the embedded PostgreSQL 16."""
    with EmbeddedServer(run_directory / "16", major=16, options=LIGHT) as server:
        yield _lightened(server, run_directory)


@pytest.fixture(scope="session")
def pg15_url(run_directory: Path) -> Iterator[str]:
    """A superuser's URL on Debian's PostgreSQL 15: TLS on, contrib installed, XML."""
    parts.need("postgresql-15")
    root = run_directory / "15"
    settings = debian.tls_settings(run_directory)
    options = ServerOptions(durable=False, settings={**QUICK.settings, **settings})
    with EmbeddedServer(root, options=options, installation=debian.installation()) as server:
        yield conninfo.make_conninfo(server.conninfo(), sslmode="require")


@pytest.fixture(scope="session")
def pg14_url(run_directory: Path) -> Iterator[str]:
    """A superuser's URL on PostgreSQL 14, the oldest that pgwarden works with."""
    with _from_npm(14, run_directory) as server:
        yield server.conninfo()


@pytest.fixture(scope="session")
def pg17_url(run_directory: Path) -> Iterator[str]:
    """A superuser's URL on PostgreSQL 17."""
    with _from_npm(17, run_directory) as server:
        yield _lightened(server, run_directory)


def _from_npm(major: int, run_directory: Path) -> EmbeddedServer:
    parts.need(f"postgresql-{major}")
    options = QUICK if major < 16 else LIGHT
    return EmbeddedServer(run_directory / str(major), options=options, installation=npm.installation(major))


def _lightened(server: EmbeddedServer, run_directory: Path) -> str:
    """A superuser's URL, whose password was set anew under LIGHT."""
    url = server.conninfo()
    password = sql.Literal(conninfo.conninfo_to_dict(url)["password"])
    with exclusive(run_directory / "password.lock"), psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL("alter role current_user password {}").format(password))
    return url


@pytest.fixture(scope="session")
def settled_people(pg18_url: str, run_directory: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A control database whose people have passwords of their own (tests.support.web), once per run, to be copied."""
    from tests.support.web import settle

    with exclusive(run_directory / "people.lock"):
        if not exists(pg18_url, "people_template"):
            settle(tmp_path_factory.mktemp("people"), create_database(pg18_url, "people"))
            rename_database(pg18_url, "people", "people_template")
    return "people_template"


@pytest.fixture(scope="session")
def shop_template(pg18_url: str, run_directory: Path) -> str:
    """The name of a database with the sample shop, loaded once per run, to clone from; nobody connects to it."""
    with exclusive(run_directory / "shop.lock"):
        if not exists(pg18_url, "shop_template"):
            shop.load(create_database(pg18_url, "shop_template"))
    return "shop_template"


@pytest.fixture(scope="session")
def shop_url(pg18_url: str, shop_template: str, run_directory: Path) -> str:
    """A superuser's URL on the sample shop. Only for reading: every test sees this one."""
    with exclusive(run_directory / "shop.lock"):
        if not exists(pg18_url, "shop"):
            create_database(pg18_url, "shop", shop_template)
    return point_at(pg18_url, "shop")


@pytest.fixture
def shop_database(make_database: MakeDatabase, shop_template: str) -> str:
    """A superuser's URL on a copy of the shop that the test may change."""
    return make_database(template=shop_template)


@pytest.fixture
def make_database(request: pytest.FixtureRequest) -> Iterator[MakeDatabase]:
    """Factory of databases on the server of a version; all are dropped after the test."""
    made: list[tuple[str, str]] = []

    def make(version: int = 18, template: str | None = None) -> str:
        server = request.getfixturevalue(f"pg{version}_url")
        name = f"t_{uuid.uuid4().hex[:12]}"
        made.append((server, name))
        return create_database(server, name, template)

    yield make
    for server, name in made:
        drop_database(server, name)


@pytest.fixture
def database(make_database: MakeDatabase) -> str:
    """A superuser's URL on a fresh, empty database on PostgreSQL 18."""
    return make_database()
