# The study: its configuration, and the spec of every job. A job's spec holds, as canonical JSON, all
# that can change its result, and nothing else: so a change recomputes only what depends on it.
import os
import re
import sys

# The catsight beside this file, here and in all jobs, also as a module, with Snakemake's Python (or
# that of a rule's conda environment), and the same hashes in all of them.
LIBRARY = os.path.dirname(os.path.dirname(os.path.abspath(workflow.snakefile)))
sys.path.insert(0, LIBRARY)
PYTHON = os.path.dirname(sys.executable)
os.environ.update(PATH=os.pathsep.join([PYTHON, os.getenv("PATH", os.defpath)]), PYTHONHASHSEED="0")

from catsight import CatsightError
from catsight.run import begin, needs
from catsight.study import Study

shell.prefix(begin.prefix(LIBRARY))
try:
    begin.imported(LIBRARY, workflow.modifier.path_modifier.replace_prefix)
    at_work = begin.begin(workflow.configfiles, inner=not workflow.is_main_process)
    study = Study(config, workflow.configfiles)
    FILES, OTHER_FILES = study.input_files  # a digest stands for files that cannot be watched
    begin.look_over(FILES, f"results/{study.name}", workflow.is_main_process)
except CatsightError as error:
    sys.exit(f"catsight: error: {error}")

RESULTS = f"results/{study.name}"
SHARDS = len(study.shards)
# Paths, not rules.frames.output: when a rule names another rule's output, Snakemake hashes all of
# that rule's inputs for each of its own.
FRAMES = expand(f"{RESULTS}/frames/{{shard}}.parquet", shard=study.shards)


wildcard_constraints:
    view="|".join(map(re.escape, study.all_views)),
    encoder="|".join(study.encoders),
    shard="[0-9]+",


# Specs are given by functions: in a string, Snakemake takes {x}, as in a label, for a wildcard.
def spec(job, of=None, name=None):
    """The spec of a job, of the view, encoder or figure ``name`` or in the wildcard ``of``."""
    return lambda wildcards: study.spec(job, getattr(wildcards, of) if of else name)


def frames_folder(wildcards):
    """The folder of the tables of frames."""
    return f"{RESULTS}/frames"


def features_of(views, shards=None):
    """The tables of features of these views, of all or some shards; the encoder stays a wildcard."""
    path = f"{RESULTS}/features/{{{{encoder}}}}/{{view}}/{{shard}}.parquet"
    return expand(path, view=views, shard=shards or study.shards)


def each(option, folder, names):
    """An option for each name, with the folder of its tables: --views cat results/mine/views/cat.

    Folders, not every path: a command is one argument to the shell, limited to 128 KiB.
    """
    return " ".join(f"{option} {name} {RESULTS}/{folder}/{name}" for name in names)


def each_view(views):
    """--features for each of these views of the job's encoder."""
    return lambda wildcards: each("--features", f"features/{wildcards.encoder}", views)


def picture(figure, category):
    """A figure, as PNG and SVG, for Snakemake's own report."""
    files = multiext(f"{RESULTS}/figures/{figure}", ".png", ".svg")
    return report(files, caption="../report/figure.rst", category=category)
