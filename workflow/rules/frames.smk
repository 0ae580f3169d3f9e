# What follows depends on one small list of the user's files, not on thousands of files: Snakemake stores all inputs of a
# job with each of its outputs. What is fetched is fetched where snakemake runs: nodes of a cluster often have no network.
rule manifest:
    input:
        lambda wildcards: FILES,
    output:
        f"{RESULTS}/frames/manifest.parquet",
    log:
        f"{RESULTS}/logs/manifest.log",
    localrule: study.fetches
    conda:
        "../../envs/base.yaml"
    resources:
        **needs.of("manifest"),
    params:
        spec=lambda wildcards: study.manifest_spec,
        others=OTHER_FILES,
    message:
        "frames: files to read"
    shell:
        "python -m catsight manifest --spec {params.spec:q} --output {output} 2> {log}"


rule frames:
    input:
        rules.manifest.output,
    output:
        shards=expand(f"{RESULTS}/frames/{{shard}}.parquet", shard=study.shards),
        rejected=f"{RESULTS}/frames/rejected.parquet",
        near=f"{RESULTS}/frames/near_duplicates.parquet",
    log:
        f"{RESULTS}/logs/frames.log",
    conda:
        "../../envs/base.yaml"
    threads: 4
    resources:
        **needs.of("frames", study.volume),
    params:
        spec=lambda wildcards: study.frames_spec,
        folder=lambda wildcards, output: os.path.dirname(output.rejected),
    message:
        "frames: pictures to frames"
    shell:
        "python -m catsight frames --spec {params.spec:q} --manifest {input} --output {params.folder} 2> {log}"
