# The tables of each kind, by encoder, which are merged into one table of the study.
OF_ENCODERS = {
    "metrics": expand(rules.metrics.output, encoder=study.encoders),
    "stability": expand(rules.stability.output, encoder=study.encoders),
    "per_frame": expand(rules.per_frame.output, encoder=study.encoders),
    "pairs": expand(rules.pairs.output, encoder=study.encoders),
    "places": expand(rules.places.output, encoder=study.encoders),
    "readout": expand(rules.readout.output, encoder=study.answering_encoders),
    "attribution": expand(rules.attribution.output, encoder=study.attribution_encoders),
    "doses": expand(rules.doses.output, encoder=study.encoders),
    "physiology": expand(rules.physiology.output, encoder=study.encoders),
    "drawn_parts": expand(rules.drawn_parts.output, encoder=study.attribution_encoders),
    "matrix": expand(rules.matrix.output, encoder=study.encoders),
    "renderings": expand(rules.renderings.output, encoder=study.encoders),
    "maps": [
        *expand(rules.maps.output, encoder=study.encoders),
        *rules.maps_between_encoders.output,
    ],
}
# Everything that a study has in the store.
STORED = [
    rules.manifest.output,
    rules.frames.output,
    rules.portraits.output,
    expand(rules.views.output, view=study.whole_views, shard=study.shards),
    expand(
        rules.views.output,
        view=[*study.draws.views, *study.draws.swaps],
        shard=study.drawn_shards,
    ),
    expand(rules.weights.output, encoder=study.encoders),
    expand(features_of(study.encoder_views), encoder=study.encoders),
    expand(features_of(study.swaps.views), encoder=study.attribution_encoders),
    expand(features_of(study.draws.views, study.drawn_shards), encoder=study.encoders),
    expand(features_of(study.draws.swaps, study.drawn_shards), encoder=study.attribution_encoders),
    *OF_ENCODERS.values(),
]


rule merge:
    input:
        lambda wildcards: OF_ENCODERS[wildcards.table],
    output:
        f"{RESULTS}/{{table}}.parquet",
    log:
        f"{RESULTS}/logs/metrics/merge/{{table}}.log",
    wildcard_constraints:
        table="|".join(OF_ENCODERS),
    localrule: True
    conda:
        "../../envs/base.yaml"
    params:
        study=study.name,
    message:
        "metrics: all {wildcards.table} in one table"
    shell:
        "python -m catsight metrics merge {input} --study {params.study} --output {output} 2> {log}"


# Differences between the values of the study's tables, tested together.
rule contrasts:
    input:
        **{
            table: f"{RESULTS}/{table}.parquet"
            for table in ("metrics", "attribution", "doses", "renderings")
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


# The numbers for other programs.
rule tables:
    input:
        f"{RESULTS}/metrics.parquet",
    output:
        multiext(f"{RESULTS}/tables/metrics", ".csv", ".tex"),
    log:
        f"{RESULTS}/logs/figures/tables.log",
    localrule: True
    conda:
        "../../envs/base.yaml"
    params:
        spec=spec("figures", name="tables"),
    message:
        "figures: tables"
    shell:
        "python -m catsight figures tables --spec {params.spec:q} --table {input}"
        " --output {output} 2> {log}"
