"""Whether Slurm will tell Snakemake which jobs have ended.

Snakemake asks ``squeue`` or ``sacct`` for the states of its jobs. It takes a job that is not listed
for one that is not listed yet, and so waits for ever for one that Slurm has forgotten.
"""

import os
import re
import shutil
import subprocess
from typing import Any

from catsight.errors import CatsightError

#: What a shell obeys within double quotes, in which Snakemake writes a job's command, and what ends
#: quotes.
_OBEYED = re.compile(r"""['"`$\\\0-\x1f\x7f]""")
#: Seconds until Snakemake asks again, at most (check_active_jobs in version 2.8 of its plugin for
#: Slurm), and seconds that asking may take.
_LONGEST, _ASKING = 180, 20


def check(workflow: Any) -> None:
    """Called when a run of Snakemake's ``workflow`` begins, on Slurm or not.

    Raises :class:`CatsightError` if Slurm would forget jobs before Snakemake asks for them, or if
    the folder of the study or of the workflow has a name that a shell would obey. Does not ask a
    Slurm that does not tell its settings.
    """
    if getattr(workflow.executor_plugin, "name", None) == "slurm":
        for folder in (os.getcwd(), os.path.dirname(os.path.abspath(workflow.main_snakefile))):
            if found := sorted(set(_OBEYED.findall(folder))):
                raise CatsightError(
                    f"Snakemake would write the folder {folder!r} into commands for Slurm, and a "
                    f"shell would obey the {''.join(found)!r} in it; rename it"
                )
        chosen = workflow.executor_settings
        if why := forgets(
            settings(),
            getattr(chosen, "status_command", None),
            getattr(chosen, "init_seconds_before_status_checks", None) or 40,
            shutil.which("sacct") is not None,
        ):
            raise CatsightError(f"Snakemake would wait for ever: {why} (docs/cluster.md)")


def forgets(slurm: dict[str, str], command: str | None, first: int, sacct: bool) -> str:
    """Why a Slurm with these settings forgets jobs, and the way out; empty if it does not.

    ``command`` and ``first`` are Snakemake's ``slurm-status-command`` and
    ``slurm-init-seconds-before-status-checks``; ``sacct`` is whether there is this command. The
    plugin replaces ``squeue`` by it if ``MinJobAge`` is below three times ``first``.
    """
    age = re.match(r"\d+", slurm.get("MinJobAge", ""))
    storage = slurm.get("AccountingStorageType")
    if age is None or storage is None:
        return ""
    kept, enough = int(age[0]), max(_LONGEST + _ASKING, 3 * first)
    accounting = sacct and storage not in ("accounting_storage/none", "(null)", "")
    suffices = kept >= enough or (kept == 0 and not sacct)  # 0 is for ever
    if sacct and (command == "sacct" or (command == "squeue" and kept < 3 * first)):
        asks = "it asks sacct, but this Slurm has no accounting"
        fine, way_out = accounting, "squeue" if suffices else ""
    else:
        asks = f"it asks squeue, up to {max(_LONGEST, first)} s after a job's end"
        fine, way_out = suffices, "sacct" if accounting else ""
    if fine:
        return ""
    if way_out:
        return f"{asks}; run with --slurm-status-command {way_out}"
    return (
        f"{asks}, and MinJobAge is {kept} s; ask the cluster's administrator for "
        f"MinJobAge={max(300, enough)} or for accounting"
    )


def settings() -> dict[str, str]:
    """Slurm's settings by name; empty if ``scontrol`` does not tell them."""
    try:
        said = subprocess.run(
            ["scontrol", "show", "config"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=20,
            check=True,
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return {}
    pairs = (line.partition("=") for line in said.splitlines())
    return {name.strip(): value.strip() for name, _, value in pairs}
