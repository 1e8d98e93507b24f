"""PostgreSQL on a host of a network: a server and its standby. Standard library only."""

import glob
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import time

SETTINGS = {
    "listen_addresses": "'*'", "max_connections": "300", "shared_buffers": "'64MB'", "max_wal_size": "'96MB'",
    "min_wal_size": "'32MB'", "wal_level": "replica", "hot_standby": "on", "log_connections": "off",
}


def programs():
    """The folder with PostgreSQL's programs; None if it is not installed."""
    places = [os.environ.get("OUTERLOOP_PG_BIN")] + os.environ["PATH"].split(":")
    places += sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda place: -float(place.split("/")[-2]))
    for place in filter(None, places):
        if all((pathlib.Path(place) / name).exists() for name in ("initdb", "pg_ctl", "psql")):
            return pathlib.Path(place)
    return None


class Server:
    """A cluster in `folder`, which runs on `host`; a copy of `primary` that follows it if there is one."""

    def __init__(self, host, folder, settings=(), primary=None):
        self.host, self.folder, self.data, self.bin = host, pathlib.Path(folder), f"{folder}/data", programs()
        try:
            account = pwd.getpwnam("postgres")
            self.account = (account.pw_uid, account.pw_gid)
        except KeyError:
            self.account = (65534, 65534)
        self.folder.mkdir(exist_ok=True)
        os.chown(folder, *self.account)
        if primary is None:
            self.run("initdb", "-D", self.data, "-U", "net", "--auth=trust", "--locale=C", "--encoding=UTF8", "-N")
            with open(f"{self.data}/pg_hba.conf", "a") as file:
                file.write("host all,replication all 10.77.0.0/24 trust\n")
        else:
            self.run("pg_basebackup", "-D", self.data, "-h", primary.host.address, "-U", "net", "-R", "-X", "stream")
        with open(f"{self.data}/postgresql.conf", "a") as file:
            everything = {**SETTINGS, "unix_socket_directories": f"'{folder}'", **dict(settings)}
            file.writelines(f"{name} = {value}\n" for name, value in everything.items())
        self.start()

    def run(self, program, *words, check=True):
        user = [f"--reuid={self.account[0]}", f"--regid={self.account[1]}", "--clear-groups"]
        # A server that is started keeps the output open: a file.
        with open(f"{self.folder}.out", "w") as output:
            done = subprocess.run(
                self.host.words("setpriv", *user, "--", self.bin / program, *words), stdout=output, stderr=output,
                stdin=subprocess.DEVNULL, cwd="/", env={"PATH": os.environ["PATH"], "LC_ALL": "C"})
        if check and done.returncode != 0:
            raise RuntimeError(f"{program} {words}: {pathlib.Path(f'{self.folder}.out').read_text()}")
        return done.returncode

    def start(self):
        for attempt in range(50):
            if self.run("pg_ctl", "start", "-w", "-s", "-D", self.data, "-l", f"{self.folder}/log", check=False) == 0:
                return
            # What a killed one has left behind is in use for a moment.
            time.sleep(0.2)
        raise RuntimeError(pathlib.Path(f"{self.folder}/log").read_text()[-2000:])

    def stop(self, mode="fast"):
        self.run("pg_ctl", "stop", "-m", mode, "-w", "-s", "-D", self.data)

    def promote(self):
        self.run("pg_ctl", "promote", "-w", "-s", "-D", self.data)

    @property
    def process(self):
        return int(pathlib.Path(f"{self.data}/postmaster.pid").read_text().split()[0])

    def kill(self):
        """Kills the server's first process, as a crash does."""
        os.kill(self.process, signal.SIGKILL)

    def query(self, sql, database="postgres"):
        """The rows that `psql` prints, without a frame, fields separated by tabs."""
        done = subprocess.run(
            [self.bin / "psql", "-XqAt", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-h", self.folder, "-U", "net",
             "-d", database, "-c", sql], capture_output=True, text=True, cwd="/")
        if done.returncode != 0:
            raise RuntimeError(done.stderr.strip())
        return [line.split("\t") for line in done.stdout.splitlines()]

    def remove(self):
        if os.path.exists(f"{self.data}/postmaster.pid"):
            self.run("pg_ctl", "stop", "-m", "immediate", "-s", "-w", "-D", self.data, check=False)
        shutil.rmtree(self.folder, ignore_errors=True)
