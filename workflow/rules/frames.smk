# What follows depends on one small list of the user's files, not on thousands of files: Snakemake
# stores all inputs of a job with each of its outputs. Datasets are fetched where Snakemake runs:
# nodes of a cluster often have no network.
rule manifest:
    input:
        lambda wildcards: FILES,
    output:
        f"{RESULTS}/frames/manifest.parquet",
    log:
        f"{RESULTS}/logs/manifest.log",
    localrule: study.needs_network
    conda:
        "../../envs/base.yaml"
    resources:
        **needs.of("manifest"),
    params:
        spec=spec("manifest"),
        others=OTHER_FILES,
    message:
        "frames: files to read"
    shell:
        "python -m catsight frames manifest --spec {params.spec:q} --output {output} 2> {log}"


rule frames:
    input:
        rules.manifest.output,
    output:
        shards=FRAMES,
        rejected=f"{RESULTS}/frames/rejected.parquet",
        near=f"{RESULTS}/frames/near_duplicates.parquet",
    log:
        f"{RESULTS}/logs/frames.log",
    conda:
        "../../envs/base.yaml"
    threads: 4
    resources:
        **needs.of("frames", study.input_megabytes),
    params:
        spec=spec("frames"),
        folder=frames_folder,
    message:
        "frames: pictures to frames"
    shell:
        "python -m catsight frames make --spec {params.spec:q} --manifest {input}"
        " --output {params.folder} 2> {log}"
