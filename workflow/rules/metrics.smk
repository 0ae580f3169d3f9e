rule metrics:
    input:
        rules.gather_features.output,
    output:
        f"{RESULTS}/metrics/{{encoder}}.parquet",
    log:
        f"{RESULTS}/logs/metrics/{{encoder}}.log",
    conda:
        "../../envs/base.yaml"
    resources:
        **needs.of("metrics"),
    params:
        spec=spec("metrics", of="encoder"),
        frames=frames_folder,
        shards=SHARDS,
        features=each_view(study.views),
    message:
        "metrics: {wildcards.encoder}"
    shell:
        "python -m catsight metrics compare --spec {params.spec:q} --frames {params.frames}"
        " {params.features} --shards {params.shards} --output {output} 2> {log}"


rule stability:
    input:
        rules.gather_features.output,
    output:
        f"{RESULTS}/metrics/stability/{{encoder}}.parquet",
    log:
        f"{RESULTS}/logs/metrics/stability/{{encoder}}.log",
    conda:
        "../../envs/base.yaml"
    resources:
        **needs.of("metrics"),
    params:
        spec=spec("stability", of="encoder"),
        frames=frames_folder,
        shards=SHARDS,
        features=each_view(study.views),
    message:
        "metrics: stability of {wildcards.encoder}"
    shell:
        "python -m catsight metrics stability --spec {params.spec:q} --frames {params.frames}"
        " {params.features} --shards {params.shards} --output {output} 2> {log}"


rule per_frame:
    input:
        rules.gather_features.output,
    output:
        f"{RESULTS}/metrics/per_frame/{{encoder}}.parquet",
    log:
        f"{RESULTS}/logs/metrics/per_frame/{{encoder}}.log",
    conda:
        "../../envs/base.yaml"
    resources:
        **needs.of("metrics"),
    params:
        spec=spec("per_frame", of="encoder"),
        frames=frames_folder,
        shards=SHARDS,
        features=each_view(study.views),
    message:
        "metrics: each frame of {wildcards.encoder}"
    shell:
        "python -m catsight metrics per_frame --spec {params.spec:q} --frames {params.frames}"
        " {params.features} --shards {params.shards} --output {output} 2> {log}"


rule pairs:
    input:
        rules.gather_features.output,
    output:
        f"{RESULTS}/metrics/pairs/{{encoder}}.parquet",
    log:
        f"{RESULTS}/logs/metrics/pairs/{{encoder}}.log",
    conda:
        "../../envs/base.yaml"
    resources:
        **needs.of("metrics"),
    params:
        spec=spec("pairs", of="encoder"),
        frames=frames_folder,
        shards=SHARDS,
        features=each_view(study.views),
    message:
        "metrics: pairs of frames, of {wildcards.encoder}"
    shell:
        "python -m catsight metrics pairs --spec {params.spec:q} --frames {params.frames}"
        " {params.features} --shards {params.shards} --output {output} 2> {log}"


rule attribution:
    input:
        frames=FRAMES,
        features=features_of(study.swaps.subsets.values()),
    output:
        f"{RESULTS}/metrics/attribution/{{encoder}}.parquet",
    log:
        f"{RESULTS}/logs/metrics/attribution/{{encoder}}.log",
    conda:
        "../../envs/base.yaml"
    resources:
        **needs.of("metrics"),
    params:
        spec=spec("attribution", of="encoder"),
        frames=frames_folder,
        shards=SHARDS,
        features=each_view(study.swaps.subsets.values()),
    message:
        "metrics: attribution to parts of the eye, of {wildcards.encoder}"
    shell:
        "python -m catsight metrics attribution --spec {params.spec:q} --frames {params.frames}"
        " {params.features} --shards {params.shards} --output {output} 2> {log}"


rule doses:
    input:
        frames=FRAMES,
        features=features_of(study.sweeps.compared),
    output:
        f"{RESULTS}/metrics/doses/{{encoder}}.parquet",
    log:
        f"{RESULTS}/logs/metrics/doses/{{encoder}}.log",
    conda:
        "../../envs/base.yaml"
    resources:
        **needs.of("metrics"),
    params:
        spec=spec("doses", of="encoder"),
        frames=frames_folder,
        shards=SHARDS,
        features=each_view(study.sweeps.compared),
    message:
        "metrics: dose curves of {wildcards.encoder}"
    shell:
        "python -m catsight metrics doses --spec {params.spec:q} --frames {params.frames}"
        " {params.features} --shards {params.shards} --output {output} 2> {log}"


rule physiology:
    input:
        frames=FRAMES,
        features=features_of([study.reference, *study.draws.compared], study.drawn_shards),
    output:
        f"{RESULTS}/metrics/physiology/{{encoder}}.parquet",
    log:
        f"{RESULTS}/logs/metrics/physiology/{{encoder}}.log",
    conda:
        "../../envs/base.yaml"
    resources:
        **needs.of("metrics"),
    params:
        spec=spec("physiology", of="encoder"),
        frames=frames_folder,
        shards=len(study.drawn_shards),
        features=each_view([study.reference, *study.draws.compared]),
    message:
        "metrics: drawn eyes, of {wildcards.encoder}"
    shell:
        "python -m catsight metrics physiology --spec {params.spec:q} --frames {params.frames}"
        " {params.features} --shards {params.shards} --output {output} 2> {log}"


rule renderings:
    input:
        frames=FRAMES,
        features=features_of(study.renderings.compared),
    output:
        f"{RESULTS}/metrics/renderings/{{encoder}}.parquet",
    log:
        f"{RESULTS}/logs/metrics/renderings/{{encoder}}.log",
    conda:
        "../../envs/base.yaml"
    resources:
        **needs.of("metrics"),
    params:
        spec=spec("renderings", of="encoder"),
        frames=frames_folder,
        shards=SHARDS,
        features=each_view(study.renderings.compared),
    message:
        "metrics: renderings of colours, of {wildcards.encoder}"
    shell:
        "python -m catsight metrics renderings --spec {params.spec:q} --frames {params.frames}"
        " {params.features} --shards {params.shards} --output {output} 2> {log}"


rule drawn_parts:
    input:
        frames=FRAMES,
        features=features_of(study.divided_views, study.drawn_shards),
    output:
        f"{RESULTS}/metrics/drawn_parts/{{encoder}}.parquet",
    log:
        f"{RESULTS}/logs/metrics/drawn_parts/{{encoder}}.log",
    conda:
        "../../envs/base.yaml"
    resources:
        **needs.of("metrics"),
    params:
        spec=spec("drawn_parts", of="encoder"),
        frames=frames_folder,
        shards=len(study.drawn_shards),
        features=each_view(study.divided_views),
    message:
        "metrics: parts of drawn eyes, of {wildcards.encoder}"
    shell:
        "python -m catsight metrics drawn_parts --spec {params.spec:q} --frames {params.frames}"
        " {params.features} --shards {params.shards} --output {output} 2> {log}"
