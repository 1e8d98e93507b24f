/// What `outerloop launch --dry-run` prints, word by word.
enum LaunchTexts {
  /// - Parameters:
  ///   - folder: where it was launched.
  ///   - tool: the command.
  static func slurm(_ folder: String, _ tool: String) -> String {
    #"""
    #!/bin/bash
    #SBATCH --job-name=outerloop-study-\#(code)
    #SBATCH --array=0-3
    #SBATCH --nodes=1
    #SBATCH --ntasks=1
    #SBATCH --cpus-per-task=8
    #SBATCH --gres=gpu:2
    #SBATCH --mem=15259M
    #SBATCH --time=0-04:00:00
    #SBATCH --chdir=\#(folder)
    #SBATCH --output=\#(folder)/outerloop.launch/outerloop-study-\#(code)/%A_%a.log
    #SBATCH --open-mode=append
    #SBATCH --requeue
    #SBATCH --signal=B:USR1@90
    #SBATCH --partition=gpu

    # Workers of a study, each of which takes one trial after the other. A trial that is stopped goes on
    # from its last checkpoint, wherever a worker is free.

    worker() {
      exec \#(tool) worker --study study --store /data/runs.db --parallel 2 --gpus all --gpus-per-trial 1 --grace 30s --no-progress
    }

    worker &
    pid=$!
    requeue=
    # The time of the job is nearly up: the worker parks its trial, and the job is queued again.
    trap 'requeue=1; kill -TERM "$pid" 2>/dev/null' USR1
    # Pre-empted or cancelled: whether it is queued again is up to Slurm.
    trap 'kill -TERM "$pid" 2>/dev/null' TERM

    # A signal ends the wait, not the worker.
    wait "$pid"
    status=$?
    while kill -0 "$pid" 2>/dev/null; do
      wait "$pid"
      status=$?
    done
    if [ -n "$requeue" ] && [ "$status" -gt 128 ]; then
      scontrol requeue "$SLURM_JOB_ID"
    fi
    exit "$status"

    """#
  }

  /// Of the study `study` in `/data/runs.db`.
  static let code = "CODE"

  static let kubernetes = #"""
    apiVersion: batch/v1
    kind: Job
    metadata:
      name: "outerloop-digits-CODE"
      namespace: "tuning"
      labels:
        app.kubernetes.io/name: outerloop
        outerloop/study: "outerloop-digits-CODE"
      annotations:
        outerloop/study: "digits"
    spec:
      completionMode: Indexed
      completions: 8
      parallelism: 8
      backoffLimit: 48
      podFailurePolicy:
        rules:
          # An eviction, or a node that is lost, is no failure: a new pod takes its place.
          - action: Ignore
            onPodConditions:
              - type: DisruptionTarget
                status: "True"
          # Wrong usage stays wrong.
          - action: FailJob
            onExitCodes:
              containerName: worker
              operator: In
              values: [64]
      template:
        metadata:
          labels:
            app.kubernetes.io/name: outerloop
            outerloop/study: "outerloop-digits-CODE"
        spec:
          restartPolicy: Never
          # Orphans of programs are reaped by the pod's own first process.
          shareProcessNamespace: true
          # From SIGTERM to SIGKILL: programs save their work, and the worker parks its trials.
          terminationGracePeriodSeconds: 45
          containers:
            - name: worker
              image: "train:1"
              command: ["outerloop"]
              args:
                - "worker"
                - "--study"
                - "digits"
                - "--directory"
                - "/app"
                - "--grace"
                - "30s"
                - "--no-progress"
              env:
                - name: OUTERLOOP_STORE
                  valueFrom:
                    secretKeyRef:
                      name: "outerloop-store"
                      key: url
                - name: OUTERLOOP_TRIALS
                  value: "/data"
              resources:
                requests:
                  cpu: "4"
                  memory: 15259Mi
                  nvidia.com/gpu: 1
                limits:
                  cpu: "4"
                  memory: 15259Mi
                  nvidia.com/gpu: 1
              volumeMounts:
                - name: data
                  mountPath: "/data"
          volumes:
            - name: data
              persistentVolumeClaim:
                claimName: "outerloop-data"

    """#
}
