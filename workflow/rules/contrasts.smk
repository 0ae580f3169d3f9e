# Differences between the values of the study's tables, tested together.
rule contrasts:
    input:
        **{
            table: f"{RESULTS}/{table}.parquet"
            for table in ("metrics", "attribution", "doses")
            if table in study.result_tables
        },
    output:
        f"{RESULTS}/contrasts.parquet",
        f"{RESULTS}/best.parquet",
    log:
        f"{RESULTS}/logs/metrics/contrasts.log",
    localrule: True
    conda:
        "../../envs/base.yaml"
    params:
        spec=spec("contrasts"),
        tables=lambda wildcards, input: " ".join(
            f"--{table} {path}" for table, path in input.items()
        ),
    message:
        "metrics: differences, tested together"
    shell:
        "python -m catsight metrics contrasts --spec {params.spec:q} {params.tables}"
        " --output {output} 2> {log}"
