# frames ──► views ──► features ──► metrics ──► figures
#
# Run it with `make run`, or `snakemake` once `make setup` has been done and .venv/bin is on the
# PATH. Another study: snakemake --configfile resources/studies/NAME.yaml
from snakemake.utils import min_version

min_version("9.0")

# a study is one whole file: --configfile replaces the default study, it is not mixed into it
if not workflow.configfiles:

    configfile: "config.yaml"


include: "workflow/rules/common.smk"
include: "workflow/rules/frames.smk"
include: "workflow/rules/views.smk"
include: "workflow/rules/features.smk"
include: "workflow/rules/metrics.smk"
include: "workflow/rules/maps.smk"
include: "workflow/rules/places.smk"
include: "workflow/rules/readout.smk"
include: "workflow/rules/tables.smk"
include: "workflow/rules/figures.smk"


report: "workflow/report/workflow.rst"


onstart:
    begin.planned(workflow)
    begin.note_study_file(study.name, workflow.configfiles)


onsuccess:
    begin.finished(study.name)


rule all:
    default_target: True
    input:
        rules.report.output,
        rules.tables.output,
        expand(f"{RESULTS}/{{table}}.parquet", table=study.result_tables),
        # removed by `catsight check --redo`, although no later job may need it
        lambda wildcards: begin.gone(*STORED),
    localrule: True
