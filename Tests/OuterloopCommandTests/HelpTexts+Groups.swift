/// Parts that the help of several commands has in common.
extension HelpTexts {
  /// The space and the method of a new study.
  static let space = """
      --param <name=kind(...)>
                              A parameter: 'lr=log(1e-5, 1e-1)', 'n=int(1, 5)',
                              'act=choice(relu, tanh)', 'size=ordinal(s, m, l)',
                              'm=float(0, 0.99) if opt == sgd'. Repeat for more.
      --space <file>          A file with parameters: YAML, JSON or ConfigSpace's
                              JSON. --param adds to it.
      --fix <name=value>      A value that a parameter has in all trials, also one
                              of --space: 'lr=0.1'. Repeat for more.
      --drop <name>           A parameter of --space to leave out. Repeat for more.
      --forbid <condition>    A combination never to try: 'low >= high'.
      --minimize <metric>     A metric to minimize. Repeat, or join with
                              --maximize, for several objectives; they keep their
                              order.
      --maximize <metric>     A metric to maximize.
      --constraint <bound>    A bound on a metric: 'memory <= 8'. A trial that
                              violates it is never the best. Repeat for more.
      --per-second [<metric>] Weigh improvement against its cost: the time that a
                              trial takes, or a metric that it reports, such as
                              inference time or money. (default as flag: seconds)
      --prior <values>        A prior belief about good values, for the search to
                              start from: 'lr=0.001±3x', 'units=64±16, opt=adam';
                              +- stands for ±. Repeat for more.
      --stop-when <rule>      When to end before the budget is spent: 'loss <=
                              0.1', or plateau, target, regret, worth with options
                              as in plateau:trials=50. Repeat for more.
      --worth <improvement>   End when an epoch is not expected to improve the
                              objective by this much; with --epochs above 1 and a
                              budget of epochs or trials.
      --sampler <name>        The sampler: auto, random, sobol, grid, tpe, bohb,
                              gp, cmaes, catcma, nsga2, nsga3, de; with options as
                              in grid:resolution=7. (default: auto)
      --scheduler <name>      The scheduler: auto, none, median, percentile,
                              threshold, patience, wilcoxon, halving, hyperband,
                              asha, pasha, priorband, freeze-thaw, dyhpo, dpl; with
                              options as in asha:factor=4. Default: auto with
                              --epochs, else none.
      --seed <n>              Seed of all random choices. Default: drawn, and
                              printed.
      --epochs <n>            Epochs of a full training. (default: 1)
      --retries <n>           How often a trial that ended with an error is run
                              again. (default: 0)
    """

  /// Which study is meant.
  static let study = """
    STUDY:
      --store <file|url>      Where the studies are: a file, or
                              postgres://USER@HOST/DATABASE. Default:
                              OUTERLOOP_STORE, else outerloop.db.
      --study <name>          The study; needed if the store has several.
    """

  /// How programs are run.
  static let program = """
    PROGRAM:
      --parallel <k>          Trials at the same time. Default: 1, or as before.
      --gpus <gpus>           GPUs to assign: the first 4 (4), these (0,2,3; a
                              single one is 2,), all or none. Each trial sees only
                              its own, by CUDA_VISIBLE_DEVICES; --parallel is then
                              as many as they allow, unless given. Default: none,
                              or as before.
      --gpus-per-trial <n>    GPUs of a trial; below 1 it shares one: 0.5 for two
                              trials a GPU. Default: 1, or as before.
      --cpus <cpus>           Processors to assign: 8, 0-7 or all. Each trial is
                              pinned to its own (on Linux), and told how many
                              threads to use. Default: none, or as before; with
                              --parallel above 1 the threads of all trials are then
                              as many as there are processors (OMP_NUM_THREADS and
                              its like, unless set).
      --trial-timeout <time>  Time for one trial, after which it fails: 90s, 10m.
      --memory <size>         Memory for one trial, beyond which it fails: 500MB,
                              4GB.
      --lease <time>          Time without a heartbeat after which a worker counts
                              as lost and its trial is run again. Default: 90s, or
                              as before.
      --grace <time>          Time that a program has to save its work when it is
                              told to stop (SIGTERM), before it is ended. Default:
                              5s at a limit, 1s when this process is stopped; or as
                              before.
      --max-failures <n>      Stop when so many trials in a row have failed; 0:
                              never. Default: 10, and 3 if they are the study's
                              first and fail the same way; or as before.
      --keep <n|size>         Checkpoints to keep besides those of trials that may
                              continue: of the best 5 trials (5), as many as fit
                              (20GB), or all. Repeat for both. Default: all, or as
                              before.
    """

  /// Budgets, which are totals.
  static let budget = """
      --trials <n>            Trials in total.
      --timeout <time>        Time in total, during which trials run: 90s, 10m, 2h.
                              Running trials are stopped then.
      --total-epochs <n>      Epochs in total, over all trials.
      --more <n>              Trials beyond those there are: after 10, --more 5 is
                              --trials 15.
    """

  /// What is printed, and the head of what only this command has.
  static let output = """
    OUTPUT:
      --json                  Print JSON instead of text.
      -q, --quiet             Say nothing but errors.

    OPTIONS:
    """

  /// The same of a command that runs a study.
  static let resultsOutput = """
    OUTPUT:
      --output <folder>       A folder for what was found: best configuration and
                              checkpoint, trajectory, log, pictures. Default: none,
                              or as before.
      --json                  Print one JSON object instead of text.
      --no-progress           Do not report progress.
      -q, --quiet             Say nothing but errors.

    OPTIONS:
    """

  /// The same of a command that reports progress.
  static let progressOutput = """
    OUTPUT:
      --json                  Print one JSON object instead of text.
      --no-progress           Do not report progress.
      -q, --quiet             Say nothing but errors.

    OPTIONS:
    """

  /// Options of every command.
  static let end = """
      --version               Show the version.
      -h, --help              Show help information.

    """
}
