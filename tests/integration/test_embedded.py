"""The embedded server: it starts, is shared, survives what happens to processes, and harms nothing around it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import textwrap
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from pgwarden.adapters.embedded import account, installation, places, postmaster
from pgwarden.adapters.embedded.server import EmbeddedServer, ServerOptions
from pgwarden.domain.errors import EmbeddedServerError

QUICK = ServerOptions(durable=False)
MakeServer = Callable[[], EmbeddedServer]

CLIENT = """
    import sys
    from pathlib import Path
    import psycopg
    from pgwarden.adapters.embedded.server import EmbeddedServer, ServerOptions
    from pgwarden.adapters.embedded.signals import orderly_end
    root = Path(sys.argv[1])
    with orderly_end(), EmbeddedServer(root, options=ServerOptions(durable=False)) as server:
        with psycopg.connect(server.conninfo()) as connection:
            print(connection.execute("select 40 + 2").fetchone()[0], flush=True)
        sys.stdin.readline()
"""


@pytest.fixture
def root(run_directory: Path) -> Iterator[Path]:
    """A directory for one server; whatever still runs in it afterwards is stopped."""
    directory = run_directory / f"embedded-{uuid.uuid4().hex[:8]}"
    yield directory
    EmbeddedServer(directory).stop(even_if_used=True)


def client(script: str, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", textwrap.dedent(script), *map(str, arguments)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def ask(url: str, query: bytes) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(query).fetchone()
    return None if row is None else row[0]


@pytest.mark.parametrize("major", [18, 16])
def test_data_port_and_passwords_survive_a_restart(root: Path, major: installation.Major) -> None:
    server = EmbeddedServer(root, major=major, options=QUICK)
    assert server.status().state == "absent"
    with server:
        url, port = server.conninfo(), server.port
        with psycopg.connect(url) as connection:
            connection.execute("create table kept as select 7 as seven")
        assert server.status().state == "ready"
    assert server.status().state == "stopped"
    with EmbeddedServer(root, major=major, options=QUICK) as again:
        assert (again.port, again.conninfo()) == (port, url)
        assert ask(url, b"select seven from kept") == 7
        assert str(ask(url, b"show server_version")).startswith(f"{major}.")


async def test_async_code_uses_it_too(root: Path) -> None:
    async with EmbeddedServer(root, options=QUICK) as server:
        assert await asyncio.to_thread(ask, server.conninfo(), b"select 1") == 1
    assert server.status().state == "stopped"


def test_six_processes_share_one_and_the_last_stops_it(root: Path) -> None:
    processes = [client(CLIENT, root) for _ in range(6)]
    assert [said(process) for process in processes] == ["42"] * 6
    watching = EmbeddedServer(root)
    for process in processes:
        assert watching.status().state == "ready"
        process.communicate("\n")
        assert process.returncode == 0
    assert watching.status().state == "stopped"


def test_a_killed_client_does_not_keep_the_server_alive(root: Path) -> None:
    with client(CLIENT, root) as process:
        assert said(process) == "42"
        process.kill()
    with EmbeddedServer(root, options=QUICK) as server:
        assert ask(server.conninfo(), b"select 1") == 1
    assert server.status().state == "stopped"


def test_a_server_left_behind_can_be_stopped(root: Path) -> None:
    with client(CLIENT, root) as process:
        assert said(process) == "42"
        process.kill()
    server = EmbeddedServer(root)
    assert server.status().state == "ready"
    assert server.stop()
    assert server.status().state == "stopped"
    assert not server.stop()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_the_client_stops_the_server_in_order(root: Path, number: signal.Signals) -> None:
    with client(CLIENT, root) as process:
        assert said(process) == "42"
        process.send_signal(number)
    assert process.returncode != 0
    server = EmbeddedServer(root)
    assert server.status().state == "stopped"
    assert "database system is shut down" in server.log.read_text()


def test_ctrl_c_does_not_reach_the_server(root: Path) -> None:
    with EmbeddedServer(root, options=QUICK) as server:
        pid = server.status().pid
        assert pid is not None
        assert os.getpgid(pid) != os.getpgid(0)
        assert os.getsid(pid) != os.getsid(0)


def test_a_killed_postmaster_loses_nothing_committed(root: Path) -> None:
    with EmbeddedServer(root, options=QUICK) as server:
        with psycopg.connect(server.conninfo()) as connection:
            connection.execute("create table kept as select generate_series(1, 1000)")
        pid = server.status().pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        while postmaster.alive(pid):
            pass
        assert (root / "data" / postmaster.PID_FILE).exists()
        assert server.status().state == "stopped"
        with EmbeddedServer(root, options=QUICK) as again:
            assert ask(again.conninfo(), b"select count(*) from kept") == 1000


def test_a_pid_file_that_names_somebody_else_harms_nobody(root: Path) -> None:
    with EmbeddedServer(root, options=QUICK) as server:
        pass
    with client("input()") as bystander:
        pid_file = root / "data" / postmaster.PID_FILE
        pid_file.write_text(f"{bystander.pid}\n{root / 'data'}\n0\n{server.port}\n\n127.0.0.1\n\nready   \n")
        account.service_account().own(pid_file)
        assert server.status().state == "stopped"
        assert not server.stop()
        with server:
            assert ask(server.conninfo(), b"select 1") == 1
        assert bystander.poll() is None
        bystander.communicate("\n")


def test_what_a_killed_start_left_is_cleared_away(root: Path) -> None:
    (root / "data.new" / "base").mkdir(parents=True)
    (root / "password.new").write_text("half")
    (root / "server.new").write_text("{")
    for directory in (root, root / "data.new"):
        directory.chmod(0o711)
    with EmbeddedServer(root, options=QUICK) as server:
        assert ask(server.conninfo(), b"select 1") == 1
    assert {path.name for path in root.iterdir()} == {"data", "log", "server.json", "start.lock", "users.lock"}


def test_a_long_log_is_put_aside(root: Path) -> None:
    with EmbeddedServer(root, options=QUICK) as server:
        pass
    os.truncate(server.log, 10_000_001)
    with server:
        assert ask(server.conninfo(), b"select 1") == 1
    assert server.log.stat().st_size < 100_000
    assert stat.S_IMODE(server.log.stat().st_mode) == 0o600


@pytest.fixture
def recovering(root: Path) -> Iterator[tuple[Path, ServerOptions]]:
    """A server whose recovery lasts until a file appears: the file, and the options to start it with."""
    with EmbeddedServer(root, options=QUICK):
        pass
    signal_file, go = root / "data" / "recovery.signal", root / "data" / "go"
    signal_file.touch()
    account.service_account().own(signal_file)
    yield (
        go,
        ServerOptions(durable=False, settings={"restore_command": f"until [ -e {go} ]; do sleep 0.05; done; false"}),
    )
    go.touch()


RECOVERING_CLIENT = """
    import sys
    from pathlib import Path
    from pgwarden.adapters.embedded.server import EmbeddedServer, ServerOptions
    options = ServerOptions(durable=False, settings={"restore_command": sys.argv[2]})
    with EmbeddedServer(Path(sys.argv[1]), options=options):
        print("ready", flush=True)
"""


def until_starting(server: EmbeddedServer) -> None:
    while server.status().state != "starting":
        pass


def test_a_start_waits_for_recovery_even_one_that_another_process_began(
    root: Path, recovering: tuple[Path, ServerOptions]
) -> None:
    go, options = recovering
    server = EmbeddedServer(root, options=options)
    with client(RECOVERING_CLIENT, root, options.settings["restore_command"]) as first:
        until_starting(server)
        first.kill()
    with client(CLIENT, root) as second:
        assert server.status().state == "starting"
        go.touch()
        assert said(second) == "42"
        second.communicate("\n")
    assert server.status().state == "stopped"


def test_ctrl_c_while_it_starts_leaves_nothing_running(root: Path, recovering: tuple[Path, ServerOptions]) -> None:
    _, options = recovering
    server = EmbeddedServer(root, options=options)
    with client(RECOVERING_CLIENT, root, options.settings["restore_command"]) as process:
        until_starting(server)
        pid = server.status().pid
        assert pid is not None
        process.send_signal(signal.SIGINT)
    assert process.returncode != 0
    deadline = time.monotonic() + 30
    while postmaster.alive(pid):
        assert time.monotonic() < deadline, "the postmaster goes on"
    assert server.status().state == "stopped"


def test_kept_until_told_to_stop(root: Path) -> None:
    EmbeddedServer(root, options=QUICK).start().close(keep=True)
    with EmbeddedServer(root, options=QUICK) as visitor:
        assert visitor.status().keep
    assert visitor.status().state == "ready"
    EmbeddedServer(root, options=QUICK).start().close(keep=False)
    assert visitor.status().state == "stopped"


def test_not_stopped_under_another_user(root: Path) -> None:
    with EmbeddedServer(root, options=QUICK) as user:
        with pytest.raises(EmbeddedServerError, match="in use"):
            EmbeddedServer(root).stop()
        assert ask(user.conninfo(), b"select 1") == 1


def test_nobody_connects_without_a_password(root: Path) -> None:
    with EmbeddedServer(root, options=QUICK) as server:
        host = f"host=127.0.0.1 port={server.port} dbname=postgres"
        with pytest.raises(psycopg.OperationalError, match="no password"):
            psycopg.connect(f"{host} user=postgres passfile=/dev/null")
        with pytest.raises(psycopg.OperationalError, match="authentication failed"):
            psycopg.connect(f"{host} user=postgres password=guessed")
        record = root / "server.json"
        assert stat.S_IMODE(record.stat().st_mode) == 0o600
        password = json.loads(record.read_text())["passwords"]["postgres"]
        assert password not in server.log.read_text()
        assert password not in repr(vars(server))
        assert ask(server.conninfo(), b"show unix_socket_directories") == ""


def test_a_role_may_log_in_and_nothing_more(root: Path) -> None:
    with EmbeddedServer(root, options=QUICK) as server:
        url = server.create_role("reader")
        assert server.create_role("reader") == url
        assert ask(url, b"select rolsuper or rolcreatedb or rolcreaterole from pg_roles where rolname = user") is False
        assert ask(server.create_database("own"), b"select current_database()") == "own"
        assert server.create_database("own") == server.conninfo("own")


def test_another_major_version_is_refused(root: Path) -> None:
    with EmbeddedServer(root, major=16, options=QUICK):
        pass
    with pytest.raises(EmbeddedServerError, match="made by PostgreSQL 16, not 18"):
        EmbeddedServer(root, major=18, options=QUICK).start()


def test_a_taken_port_is_named(root: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        fixed = ServerOptions(port=port, durable=False)
        with pytest.raises(EmbeddedServerError, match=f"port {port}"):
            EmbeddedServer(root, options=fixed).start()
    with EmbeddedServer(root, options=fixed) as server:
        assert server.port == port
        other = ServerOptions(port=1, durable=False)
        with pytest.raises(EmbeddedServerError, match="already runs on port"):
            EmbeddedServer(root, options=other).start()


def test_a_free_port_is_found_when_the_last_one_is_taken(root: Path) -> None:
    with EmbeddedServer(root, options=QUICK) as server:
        port = server.port
    with socket.create_server(("127.0.0.1", port)), EmbeddedServer(root, options=QUICK) as again:
        assert again.port != port
        assert ask(again.conninfo(), b"select 1") == 1


def test_a_bad_setting_is_told_in_the_words_of_postgresql(root: Path) -> None:
    with EmbeddedServer(root, options=QUICK):
        pass
    broken = ServerOptions(durable=False, settings={"shared_buffers": "a lot"})
    with pytest.raises(EmbeddedServerError) as caught:
        EmbeddedServer(root, options=broken).start()
    assert "shared_buffers" in caught.value.why
    with EmbeddedServer(root, options=QUICK) as server:
        assert ask(server.conninfo(), b"select 1") == 1


def test_a_disk_that_refuses_leaves_no_half_made_database(root: Path) -> None:
    limited = """
        import resource, sys
        from pathlib import Path
        from pgwarden.adapters.embedded.server import EmbeddedServer
        from pgwarden.domain.errors import EmbeddedServerError
        resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, 2**20))
        try:
            EmbeddedServer(Path(sys.argv[1])).start()
        except EmbeddedServerError as error:
            print(error.what, error.why)
    """
    with client(limited, root) as process:
        assert "could not be prepared" in said(process)
    assert not (root / "data").exists()
    assert not (root / "data.new").exists()
    with EmbeddedServer(root, options=QUICK) as server:
        assert ask(server.conninfo(), b"select 1") == 1


def test_a_place_that_cannot_be_made_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(EmbeddedServerError) as caught:
        EmbeddedServer(tmp_path / "file" / "below").start()
    assert caught.value.next_step


def test_no_directory_above_is_opened(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    above = [closed, *closed.parents]
    before = [step.stat().st_mode for step in above]
    server = EmbeddedServer(closed / "state", options=QUICK)
    if account.service_account().switched:
        with pytest.raises(EmbeddedServerError, match="cannot reach"):
            server.start()
        assert places.data_root(closed, "demo").is_relative_to(places.SYSTEM_HOME)
    else:
        with server:
            assert ask(server.conninfo(), b"select 1") == 1
        assert places.data_root(closed, "demo") == closed / "demo-18"
    assert [step.stat().st_mode for step in above] == before


def test_what_is_made_stays_closed_whatever_the_umask(root: Path) -> None:
    before = os.umask(0o077)
    try:
        with EmbeddedServer(root / "deep" / "er", options=QUICK) as server:
            assert ask(server.conninfo(), b"select 1") == 1
    finally:
        os.umask(before)
    for made in (root, root / "deep", root / "deep" / "er"):
        assert not stat.S_IMODE(made.stat().st_mode) & 0o066
    assert stat.S_IMODE((root / "deep" / "er" / "data").stat().st_mode) == 0o700


@pytest.mark.requires("root")
def test_an_ordinary_user_needs_no_root(root: Path, run_directory: Path) -> None:
    nobody = account.service_account()
    programs = installation.bundled(18).reachable_by(nobody, run_directory)
    root.mkdir(mode=0o700)
    nobody.own(root)
    ordinary = """
        import os, sys
        from pathlib import Path
        import psycopg
        from pgwarden.adapters.embedded.installation import Installation
        from pgwarden.adapters.embedded.server import EmbeddedServer, ServerOptions
        from pgwarden.adapters.embedded import administration
        root, programs, uid, gid = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
        psycopg.conninfo.conninfo_to_dict("")
        os.setgroups([]), os.setgid(gid), os.setuid(uid)
        options = ServerOptions(durable=False)
        with EmbeddedServer(root / "state", options=options, installation=Installation(18, programs)) as server:
            server.create_role("reader")
            print(os.getuid(), oct((root / "state").stat().st_mode & 0o777), server.status().state)
        print(server.status().state)
    """
    with client(ordinary, root, programs.bin, nobody.uid, nobody.gid) as process:
        assert said(process) == f"{nobody.uid} 0o700 ready"
        assert said(process) == "stopped"


@pytest.mark.requires("root")
def test_programs_in_a_closed_directory_are_copied_for_the_account(
    tmp_path: Path, run_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody = account.service_account()
    closed = tmp_path / "site-packages"
    bundled = installation.bundled(18)
    (closed / installation.PACKAGE).mkdir(parents=True)
    (closed / installation.PACKAGE / "pginstall18").symlink_to(bundled.bin.parent)
    (closed / installation.LIBRARIES).symlink_to(bundled.bin.parents[2] / installation.LIBRARIES)
    hidden = installation.Installation(18, closed / installation.PACKAGE / "pginstall18" / "bin")
    cache = run_directory / f"cache-{uuid.uuid4().hex[:8]}"
    monkeypatch.setattr(installation, "SYSTEM_CACHE", cache)
    monkeypatch.setattr(account.Account, "may_enter", lambda _, path: not path.is_relative_to(closed))
    copied = hidden.reachable_by(nobody, run_directory)
    assert copied.bin.is_relative_to(cache)
    assert hidden.reachable_by(nobody, run_directory) == copied
    version: list[str | Path] = [copied.program("initdb"), "--version"]
    told = subprocess.run(version, capture_output=True, text=True, check=True, cwd="/", **nobody.spawn)
    assert "18." in told.stdout
