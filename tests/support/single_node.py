"""A private Slurm of one node for tests, with its own key, sockets, ports and folder, and a dummy
GPU.

It needs root and the packages ``slurm-wlm`` and ``munge``, but no systemd, cgroups or accounting.
It refuses to start on a machine that has a Slurm of its own. It can be run by hand, too:

    python tests/support/single_node.py up      # prints its folder, and keeps running until
    python tests/support/single_node.py down
"""

import fcntl
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

#: Slurm's default folder. Snakemake's job steps drop SLURM_CONF, so the configuration must be here.
ETC = Path("/etc/slurm")
_FILES = ("slurm.conf", "gres.conf")
_DAEMONS = ("munged", "slurmctld", "slurmd")  # in the order in which they start
_PREFIX = "catsight-slurm-"

_CONFIGURATION = """\
ClusterName=catsight
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CryptoType=crypto/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=5,bf_interval=5
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SlurmdParameters=config_overrides
ReturnToService=2
MinJobAge=3600
KillWait=5
GresTypes=gpu
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory={memory} Gres=gpu:1 State=UNKNOWN
PartitionName=main Nodes={host} Default=YES MaxTime=INFINITE State=UP
PartitionName=gpu Nodes={host} Default=NO MaxTime=INFINITE State=UP
"""


def why_not() -> str | None:
    """Why no private Slurm can start here; None if it can."""
    if missing := [program for program in (*_DAEMONS, "sbatch", "srun") if not _which(program)]:
        return f"no {', '.join(missing)} (Debian: apt-get install slurm-wlm munge)"
    if os.geteuid() != 0:
        return "Slurm's daemons need root"
    if theirs := [
        str(ETC / name)
        for name in _FILES
        if os.path.lexists(ETC / name) and not _left_over(ETC / name)
    ]:
        return f"this machine has a Slurm of its own ({theirs[0]})"
    return None


class SingleNode:
    """The node, which runs within a ``with`` block. Slurm believes that it has ``cpus`` cores,
    ``memory`` MB and one GPU.
    """

    def __init__(self, cpus: int = os.cpu_count() or 1, memory: int = 64_000):
        self.cpus, self.memory = cpus, memory

    def __enter__(self) -> "SingleNode":
        if reason := why_not():
            raise RuntimeError(reason)
        ETC.mkdir(exist_ok=True)
        self._turn = os.open(ETC, os.O_RDONLY)
        fcntl.flock(self._turn, fcntl.LOCK_EX)  # a second test waits here
        for name in _FILES:  # left by a test that was killed
            if (ETC / name).is_symlink():
                take_down(Path(os.readlink(ETC / name)).parent)
        self.folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
        try:
            self._up()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_) -> None:
        take_down(self.folder)
        os.close(self._turn)

    def _up(self) -> None:
        folder, host = self.folder, socket.gethostname().partition(".")[0]
        folder.chmod(0o755)
        for name in ("state", "spool"):
            (folder / name).mkdir()
        (folder / "munge.key").write_bytes(os.urandom(1024))
        (folder / "munge.key").chmod(0o400)
        settings = {
            "host": host,
            "folder": folder,
            "ports": _free_ports(2),
            "cpus": self.cpus,
            "memory": self.memory,
        }
        (folder / "slurm.conf").write_text(_CONFIGURATION.format(**settings))
        # to Slurm, a GPU is a device file; any will do
        (folder / "gres.conf").write_text(f"NodeName={host} Name=gpu File=/dev/null\n")
        for name in _FILES:
            (ETC / name).symlink_to(folder / name)
        files = {
            "key-file": "munge.key",
            "socket": "munge.socket",
            "pid-file": "munged.pid",
            "log-file": "munged.log",
            "seed-file": "munged.seed",
        }
        own = [f"--{option}={folder}/{name}" for option, name in files.items()]
        _run("munged", "--force", *own)  # force: everybody may write to the folder above the key
        _run("slurmctld", "-c", "-f", str(folder / "slurm.conf"))
        _run("slurmd", "-f", str(folder / "slurm.conf"), "-N", host)
        for _ in range(120):
            if _run("sinfo", "--noheader", "--format=%T", check=False).startswith("idle"):
                return
            time.sleep(0.25)
        logs = "\n".join(
            "".join(log.open().readlines()[-5:]) for log in sorted(folder.glob("*.log"))
        )
        raise RuntimeError(f"the node did not become idle:\n{logs}")

    def change(self, setting: str, value: object) -> None:
        """Changes a setting that Slurm can change while it runs."""
        file = self.folder / "slurm.conf"
        file.write_text(re.sub(rf"(?m)^{setting}=.*$", f"{setting}={value}", file.read_text()))
        _run("scontrol", "reconfigure")

    def cancel(self) -> None:
        """Cancels all jobs."""
        _run("scancel", "--user=root")

    def lose_jobs(self) -> int:
        """Kills the daemons of the running jobs, not the jobs themselves; how many there were."""
        steps = [
            int(one.name)
            for one in Path("/proc").iterdir()
            if one.name.isdigit() and _comm(one) == "slurmstepd"
        ]
        for step in steps:
            os.kill(step, signal.SIGKILL)
        return len(steps)

    def jobs(self) -> list[dict[str, str]]:
        """Every job since the start, oldest first, with the fields of ``scontrol show job``."""
        lines = _run("scontrol", "--oneliner", "show", "job", check=False).splitlines()
        return [
            dict(pair.partition("=")[::2] for pair in line.split() if "=" in pair)
            for line in lines
            if "=" in line
        ]


def take_down(folder: Path) -> None:
    """Ends the jobs and daemons of the node in ``folder``, and no others, and removes its files."""
    if (folder / "slurmctld.pid").exists():
        _run("scancel", "--user=root", check=False)
    for daemon in reversed(_DAEMONS):
        _end(daemon, folder / f"{daemon}.pid")
    for name in _FILES:
        if os.path.lexists(ETC / name) and Path(os.path.realpath(ETC / name)) == folder / name:
            (ETC / name).unlink()
    shutil.rmtree(folder, ignore_errors=True)


def _end(daemon: str, pid_file: Path) -> None:
    """Ends the process whose id is in the file, if it still is that daemon; kills it after ten
    seconds.
    """
    try:
        pid = int(pid_file.read_text())
        comm = Path(f"/proc/{pid}/comm")
        for wait in range(80):
            if comm.read_text().strip() != daemon:
                return
            if wait in (0, 40):
                os.kill(pid, signal.SIGKILL if wait else signal.SIGTERM)
            time.sleep(0.25)
    except (FileNotFoundError, ProcessLookupError, ValueError):
        return


def _comm(process: Path) -> str:
    try:
        return (process / "comm").read_text().strip()
    except OSError:
        return ""


def _left_over(path: Path) -> bool:
    """Whether ``path`` is a link that a test like this one made and could not remove."""
    return path.is_symlink() and Path(os.readlink(path)).parent.name.startswith(_PREFIX)


def _which(program: str) -> str | None:
    return shutil.which(
        program, path=os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])
    )


def _run(program: str, *arguments: str, check: bool = True) -> str:
    """The output of a program. With ``check``, raises :class:`RuntimeError` with it if the program
    fails.
    """
    done = subprocess.run(
        [_which(program), *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if check and done.returncode:
        raise RuntimeError(f"{program} ended with exit status {done.returncode}: {done.stdout}")
    return done.stdout


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


if __name__ == "__main__":
    if sys.argv[1:] == ["up"]:
        print(SingleNode().__enter__().folder)
    elif sys.argv[1:] == ["down"] and _left_over(ETC / "slurm.conf"):
        take_down(Path(os.readlink(ETC / "slurm.conf")).parent)
    else:
        sys.exit(__doc__)
