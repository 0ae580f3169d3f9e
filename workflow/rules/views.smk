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
        spec=spec("views", of="view"),
    message:
        "views: shard {wildcards.shard} as {wildcards.view}"
    shell:
        "python -m catsight views make --spec {params.spec:q} --frames {input} --output {output}"
        " 2> {log}"


rule portraits:
    output:
        f"{RESULTS}/views/eyes.parquet",
    log:
        f"{RESULTS}/logs/views/eyes.log",
    localrule: True
    conda:
        "../../envs/base.yaml"
    params:
        spec=spec("portraits"),
    message:
        "views: portraits of the eyes"
    shell:
        "python -m catsight views portraits --spec {params.spec:q} --output {output} 2> {log}"


# All views and shards in one small table, for jobs that read them all. In a plan of many shards,
# each file that a job depends on costs time, and Snakemake would read all tables for every such
# job.
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
        frames=frames_folder,
        shards=SHARDS,
        tables=each("--tables", "views", study.views),
    message:
        "views: all shards"
    shell:
        "python -m catsight gather --frames {params.frames} {params.tables}"
        " --shards {params.shards} --output {output} 2> {log}"
