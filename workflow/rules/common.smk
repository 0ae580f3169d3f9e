# The study: its validated configuration, and the spec of every job. What can change a result is in a job's spec, as
# canonical JSON, and nothing else is: so a change redoes what depends on it.
import os
import re
import sys

# The catsight beside this file, with the Python that runs snakemake (or of a rule's conda environment): here, in all jobs
LIBRARY = os.path.join(workflow.basedir, "workflow")
sys.path.insert(0, LIBRARY)
os.environ |= {
    "PATH": os.pathsep.join([os.path.dirname(sys.executable), os.getenv("PATH", os.defpath)])
}
shell.prefix(f'export PYTHONPATH="{LIBRARY}${{{{PYTHONPATH:+:$PYTHONPATH}}}}"; ')

from catsight import CatsightError
from catsight.run import begin, needs
from catsight.study import Study

try:
    at_work = begin.begin(workflow.configfiles)
    study = Study(config)
    FILES, OTHER_FILES = (
        study.files
    )  # the user's, and a digest of those that Snakemake cannot watch over
except CatsightError as error:
    raise WorkflowError(str(error))

# Specs are given by functions everywhere: in a plain string Snakemake takes {x}, as a label may hold, for a wildcard.
RESULTS = f"results/{study.name}"
# Paths, not rules.frames.output: of a rule that depends on another by name, Snakemake hashes all inputs for every input.
FRAMES = expand(f"{RESULTS}/frames/{{shard}}.parquet", shard=study.shards)


wildcard_constraints:
    view="|".join(map(re.escape, [*study.shown, *study.swapped])),
    encoder="|".join(study.encoders),
    shard="[0-9]+",


def folders(option, folder, names=study.views):
    """The options of a command that takes the frames and, by name, other tables: --option NAME FOLDER for each name.

    Folders and their number of tables, not every path: a command is one argument to the shell, and may have 128 KiB.
    """
    named = (f"{option} {name} {RESULTS}/{folder.format(name=name)}" for name in names)
    return " ".join([f"--shards {len(study.shards)} --frames {RESULTS}/frames", *named])


def features_of(views):
    """The tables of features of these views, of an encoder that is left open."""
    return expand(
        f"{RESULTS}/features/{{{{encoder}}}}/{{view}}/{{shard}}.parquet",
        view=views,
        shard=study.shards,
    )


def option(name, files):
    """An option of a command with its files, or nothing where there are none."""
    return " ".join([name, *files]) if files else ""


def picture(figure, category, caption=None):
    """A figure, as PNG and SVG, with its caption for snakemake's own report."""
    files = multiext(f"{RESULTS}/figures/{figure}", ".png", ".svg")
    return report(files, caption=f"../report/{caption or figure}.rst", category=category)
