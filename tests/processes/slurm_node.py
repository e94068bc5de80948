"""A private Slurm of one node for tests: own keys, ports and folders, no system service.

Debian's slurm-wlm and munge are enough. Two pretended GPUs let jobs ask for one. There is no
accounting, as on clusters without a database.
"""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scancel", "scontrol")

CONFIGURATION = """\
ClusterName=synclab
SlurmctldHost={host}(127.0.0.1)
SlurmUser={user}
SlurmdUser={user}
SlurmctldPort={controller_port}
SlurmdPort={node_port}
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=5
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_interval=2,bf_interval=2
ReturnToService=2
KillWait=5
GresTypes=gpu
NodeName={host} NodeAddr=127.0.0.1 CPUs={cores} RealMemory=2000 Gres=gpu:2 State=UNKNOWN
PartitionName=debug Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""
DEVICES = "NodeName={host} Name=gpu File=/dev/null\nNodeName={host} Name=gpu File=/dev/zero\n"


def missing() -> list[str]:
    """Programs that this machine lacks."""
    return [program for program in PROGRAMS if find(program) is None]


def find(program: str) -> str | None:
    return shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")


@contextmanager
def running(folder: Path) -> Iterator[dict[str, str]]:
    """Starts the daemons; gives the environment in which Slurm's commands find them."""
    write_configuration(folder)
    environment = {"SLURM_CONF": str(folder / "slurm.conf")}
    try:
        start(folder, environment)
        yield environment
    finally:
        cancel_all(environment)
        for name in ("slurmd", "slurmctld", "munged"):
            stop(folder / f"{name}.pid")


def write_configuration(folder: Path) -> None:
    for name in ("state", "spool"):
        (folder / name).mkdir(parents=True)
    folder.chmod(0o755)  # munge wants others to reach its socket
    key = folder / "munge.key"
    key.write_bytes(os.urandom(128))
    key.chmod(0o600)
    controller_port, node_port = free_ports(2)
    values = {
        "folder": folder,
        "host": socket.gethostname().split(".")[0],
        "user": subprocess.check_output(["id", "-un"], text=True).strip(),
        "cores": os.cpu_count(),
        "controller_port": controller_port,
        "node_port": node_port,
    }
    (folder / "slurm.conf").write_text(CONFIGURATION.format(**values))
    (folder / "gres.conf").write_text(DEVICES.format(**values))


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def start(folder: Path, environment: dict[str, str]) -> None:
    """Returns once the node is idle."""
    munge = {"key-file": "munge.key", "socket": "munge.socket", "pid-file": "munged.pid"}
    munge |= {"log-file": "munged.log", "seed-file": "munged.seed"}
    places = [f"--{option}={folder / name}" for option, name in munge.items()]
    launch("munged", "--force", "--num-threads=2", *places)
    launch("slurmctld", "-c", "-f", str(folder / "slurm.conf"))
    launch("slurmd", "-c", "-f", str(folder / "slurm.conf"))
    deadline = time.monotonic() + 30
    while ask(environment, "sinfo", "-h", "-o", "%t").strip() != "idle":
        if time.monotonic() > deadline:
            raise RuntimeError(f"no idle node: {(folder / 'slurmctld.log').read_text()[-2000:]}")
        time.sleep(0.1)


def cancel_all(environment: dict[str, str]) -> None:
    """Jobs would outlive the daemons."""
    for _ in range(20):
        if not ask(environment, "squeue", "-h").strip():
            return
        ask(environment, "timeout", "5", "scancel", "--me")
        time.sleep(0.5)


def launch(program: str, *arguments: str) -> None:
    subprocess.run([find(program) or program, *arguments], check=True, capture_output=True)


def ask(environment: dict[str, str], *command: str) -> str:
    """The answer of one of Slurm's commands."""
    answer = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True)
    return answer.stdout


def stop(pid_file: Path) -> None:
    """Ends a daemon and waits until it is gone."""
    if not pid_file.exists():
        return
    number = int(pid_file.read_text())
    for _ in range(100):
        try:
            os.kill(number, 15)
        except ProcessLookupError:
            return
        time.sleep(0.1)
