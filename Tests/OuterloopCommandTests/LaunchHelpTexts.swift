/// What `--help` prints of the launchers, word by word, 80 columns wide.
extension HelpTexts {
  static let launch = """
    OVERVIEW: Run workers of a study on Slurm, Ray or Kubernetes.

    Each worker is `outerloop worker`: it takes one trial after another from the
    store, and ends when the study has nothing left to do. One that is stopped
    returns its trials, which continue from their last checkpoints. --dry-run
    prints what would be submitted, word for word.

    outerloop launch slurm --study study --store runs.db --workers 8 --gpus 1
    --time 4h --dry-run

    `outerloop tune ... --on slurm:workers=8,time=4h -- COMMAND` creates the study
    first.

    USAGE: outerloop launch <subcommand>

    OPTIONS:
      --version               Show the version.
      -h, --help              Show help information.

    SUBCOMMANDS:
      slurm                   A job array of workers.
      ray                     Workers as tasks of a Ray cluster.
      kubernetes              An indexed Job of workers.

      See 'outerloop help launch <subcommand>' for detailed help.
    """

  static let launchSlurm = """
    OVERVIEW: A job array of workers.

    The store, this command and the program must be where all nodes find them. A
    job that is pre-empted is requeued by Slurm, one whose time is nearly up by its
    own script; trials continue from their checkpoints. Logs, and the file with the
    store's address if it has a password, are in outerloop.launch. JSON keys:
    engine, study, name, workers, job, text.

    outerloop launch slurm --study study --workers 8 --gpus 1 --time 4h
    --sbatch=--partition=gpu
    outerloop launch slurm --study study --cancel

    USAGE: outerloop launch slurm <options>

    STUDY:
      --store <file|url>      Where the studies are: a file, or
                              postgres://USER@HOST/DATABASE. Default:
                              OUTERLOOP_STORE, else outerloop.db.
      --study <name>          The study; needed if the store has several.

    WORKERS:
      --workers <n>           Workers. (default: 1)
      --parallel <k>          Trials that a worker runs at the same time. (default:
                              1)
      --gpus <n>              GPUs of a worker; its trials share them out evenly.
                              Default: none.
      --cpus <n>              Processors of a worker. Default: the engine's.
      --memory <size>         Memory of a worker: 500MB, 16GB. Default: the
                              engine's.
      --grace <time>          Time that a program has to save its work when its
                              worker is stopped. (default: 30s)
      --directory <folder>    The folder to run the program in there. Default: the
                              one in which the study was started.
      --dry-run               Print what would be submitted, and submit nothing.

    OUTPUT:
      --json                  Print JSON instead of text.
      -q, --quiet             Say nothing but errors.

    OPTIONS:
      --time <time>           Time of a job. Default: the partition's.
      --sbatch <option>       An option of sbatch for the script:
                              --sbatch=--partition=gpu. Repeat for more.
      --executable <path>     This command on the nodes. Default: where it is here.
      --cancel                End the workers of the study that are queued or run.
    \(end)
    """

  static let launchRay = """
    OVERVIEW: Workers as tasks of a Ray cluster.

    A program of Ray's Python API, run here by Python until the study has nothing
    left to do. Ray starts tasks again whose node or process is lost; Ctrl-C ends
    all. With --json the record is printed before that program runs. JSON keys:
    engine, study, name, workers, job (null), text.

    outerloop launch ray --study study --store runs.db --workers 8 --gpus 1
    --python .venv/bin/python

    USAGE: outerloop launch ray <options>

    STUDY:
      --store <file|url>      Where the studies are: a file, or
                              postgres://USER@HOST/DATABASE. Default:
                              OUTERLOOP_STORE, else outerloop.db.
      --study <name>          The study; needed if the store has several.

    WORKERS:
      --workers <n>           Workers. (default: 1)
      --parallel <k>          Trials that a worker runs at the same time. (default:
                              1)
      --gpus <n>              GPUs of a worker; its trials share them out evenly.
                              Default: none.
      --cpus <n>              Processors of a worker. Default: the engine's.
      --memory <size>         Memory of a worker: 500MB, 16GB. Default: the
                              engine's.
      --grace <time>          Time that a program has to save its work when its
                              worker is stopped. (default: 30s)
      --directory <folder>    The folder to run the program in there. Default: the
                              one in which the study was started.
      --dry-run               Print what would be submitted, and submit nothing.

    OUTPUT:
      --json                  Print JSON instead of text.
      -q, --quiet             Say nothing but errors.

    OPTIONS:
      --address <address>     The cluster, as for ray.init. Default: RAY_ADDRESS,
                              one that runs here, or a new one.
      --python <path>         A Python that has Ray. (default: python3)
      --executable <path>     This command on the nodes. Default: where it is here.
    \(end)
    """

  static let launchKubernetes = """
    OVERVIEW: An indexed Job of workers.

    The image has this command and the program. The address of a server (--store
    postgres://...) is read from a secret, so that the manifest holds no password;
    a file is on the volume, under the same path in all pods. The store is not
    opened here. JSON keys: engine, study, name, workers, job, text.

    printf %s "$OUTERLOOP_STORE" | kubectl create secret generic outerloop-store
    --from-file=url=/dev/stdin
    outerloop launch kubernetes --study study --image train:1 --workers 8 --gpus 1

    USAGE: outerloop launch kubernetes [<options>] --study <name> --image <image>

    STUDY:
      --store <file|url>      Where the studies are: a file, or
                              postgres://USER@HOST/DATABASE. Default:
                              OUTERLOOP_STORE, else outerloop.db.

    WORKERS:
      --workers <n>           Workers. (default: 1)
      --parallel <k>          Trials that a worker runs at the same time. (default:
                              1)
      --gpus <n>              GPUs of a worker; its trials share them out evenly.
                              Default: none.
      --cpus <n>              Processors of a worker. Default: the engine's.
      --memory <size>         Memory of a worker: 500MB, 16GB. Default: the
                              engine's.
      --grace <time>          Time that a program has to save its work when its
                              worker is stopped. (default: 30s)
      --directory <folder>    The folder to run the program in there. Default: the
                              one in which the study was started.
      --dry-run               Print what would be submitted, and submit nothing.

    OUTPUT:
      --json                  Print JSON instead of text.
      -q, --quiet             Say nothing but errors.

    OPTIONS:
      --study <name>          The study.
      --time <time>           Time of the whole Job. Default: no limit.
      --image <image>         The image, with this command and the program.
      --secret <name>         The secret whose key `url` is the store's address.
                              (default: outerloop-store)
      --volume <claim:path>   A volume claim and where it is mounted, for
                              checkpoints and a store that is a file: claim:/data.
      --namespace <name>      The namespace. Default: that of the context.
      --executable <path>     This command in the image. (default: outerloop)
      --cancel                End the workers of the study.
    \(end)
    """
}
