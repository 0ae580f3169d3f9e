rule views:
    input:
        f"{RESULTS}/frames/{{shard}}.parquet",
    output:
        f"{RESULTS}/views/{{view}}/{{shard}}.parquet",
    log:
        f"{RESULTS}/logs/views/{{view}}/{{shard}}.log",
    conda:
        "../../envs/base.yaml"
    resources:
        **needs.of("views"),
    params:
        spec=lambda wildcards: study.views_spec(wildcards.view),
    message:
        "views: shard {wildcards.shard} as {wildcards.view}"
    shell:
        "python -m catsight views --spec {params.spec:q} --frames {input} --output {output} 2> {log}"


rule portraits:
    output:
        f"{RESULTS}/views/eyes.parquet",
    log:
        f"{RESULTS}/logs/views/eyes.log",
    localrule: True
    conda:
        "../../envs/base.yaml"
    params:
        spec=lambda wildcards: study.portraits_spec,
    message:
        "views: portraits of the eyes"
    shell:
        "python -m catsight portraits --spec {params.spec:q} --output {output} 2> {log}"


# All views and shards in one small table, for what reads them all: in a plan of many shards, each file that a job
# depends on takes its time, and Snakemake would read all tables for every such job.
rule gather_views:
    input:
        FRAMES,
        expand(rules.views.output, view=study.views, shard=study.shards),
    output:
        f"{RESULTS}/views/all.parquet",
    log:
        f"{RESULTS}/logs/views/all.log",
    localrule: True
    conda:
        "../../envs/base.yaml"
    params:
        tables=folders("--tables", "views/{name}"),
    message:
        "views: all shards"
    shell:
        "python -m catsight gather {params.tables} --output {output} 2> {log}"
