import OuterloopText

/// What `--help` of the experiments prints, word by word.
extension HelpTexts {
  static let experiments: [Help] = [
    Help(words: ["lab"], text: lab), Help(words: ["lab", "list"], text: labList),
    Help(words: ["lab", "estimators"], text: labEstimators),
    Help(words: ["lab", "sinusoid"], text: labSinusoid),
    Help(words: ["lab", "noisy-labels"], text: labNoisyLabels),
    Help(words: ["lab", "learning-curves"], text: labLearningCurves),
  ]

  static let lab = """
    OVERVIEW: Run the experiments: published tables and comparisons of methods.

    Every experiment is one command; without arguments it runs as it was published.
    It prints a table and leaves result.json, result.md and its pictures in --out.
    Experiments with seeds store each run there when it is done: the same command
    again, after a kill too, goes on with those that are missing.

    JSON keys: experiment, claim, settings, seconds, tables (title, columns, rows
    of label and values), notes, figures (paths).

    USAGE: outerloop lab <subcommand>

    OPTIONS:
      --version               Show the version.
      -h, --help              Show help information.

    SUBCOMMANDS:
      list (default)          List the experiments and what they show.
      estimators              All estimators on one problem: error and cost.
      sinusoid                Few-shot sinusoid regression: online hypergradients
                              of 20,400 weights.
      noisy-labels            Weights of examples learned online, on data with
                              wrong labels.
      learning-curves         Schedulers on recorded learning curves: regret
                              against epochs.

      See 'outerloop help lab <subcommand>' for detailed help.
    """

  static let labList = """
    OVERVIEW: List the experiments and what they show.

    USAGE: outerloop lab list [--json] [--no-progress] [--quiet]

    \(progressOutput)
    \(end)
    """

  static let labEstimators = """
    OVERVIEW: All estimators on one problem: error and cost.

    Which estimator: error against the exact hypergradient and cost beside it, for
    all of them on one problem, trained for a short and for a long time.

    USAGE: outerloop lab estimators [--steps <T> ...] [--repeats <repeats>] [--rate <rate>] [--out <folder>] [--json] [--no-progress] [--quiet]

    \(progressOutput)
      --steps <T>             Steps of each training. Default: 30 1000.
      --repeats <repeats>     Timed runs of each estimator; the median counts.
                              (default: 5)
      --rate <rate>           The inner learning rate. (default: 0.3)
      --out <folder>          Folder for results and pictures; outerloop-lab/NAME
                              by default.
    \(end)
    """

  static let labSinusoid = """
    OVERVIEW: Few-shot sinusoid regression: online hypergradients of 20,400
    weights.

    Distilled hypergradients learn features for few-shot sinusoid regression better
    than one-step, first-order and truncated ones at the same number of trainings
    (HyperDistill, Lee et al. 2022, Table 4: test error 0.327 +- 0.052 against
    0.670, 0.567, 0.502 and DrMAD's 1.086).

    USAGE: outerloop lab sinusoid <options>

    \(progressOutput)
      --seeds <seeds>         Runs from different starts. (default: 20)
      --trainings <M>         Trainings, each of 10 new tasks. (default: 30)
      --queries <n>           Points that judge the features of a task. (default:
                              10)
      --gamma <gamma>         Of distillation: how far back its average reaches.
                              (default: 0.9)
      --period <n>            Trainings between estimates of theta. (default: 50)
      --method <method>       Methods: first-order, one-step, drmad, neumann,
                              distill, distill-momentum, window, reverse. Default:
                              all.
      --outer-rate <outer-rate>
                              Adam's rate on the shared layers. (default: 0.001)
      --test-tasks <test-tasks>
                              New tasks to test on. (default: 1000)
      --first-seed <first-seed>
                              The seed of the first run. (default: 0)
      --restart               Forget the runs that are done and stored in --out.
      --out <folder>          Folder for results and pictures; outerloop-lab/NAME
                              by default.
    \(end)
    """

  static let labNoisyLabels = """
    OVERVIEW: Weights of examples learned online, on data with wrong labels.

    Online hypergradients of example weights tell right labels from wrong ones
    while the model trains (generalized greedy gradient, Table 2, MNIST with 30 %
    noise: 87.06 +- 0.77 % with greedy, 70.46 without weights). Without --data the
    bundled digits serve: minutes with the defaults, seconds with --seeds 1
    --updates 60.

    USAGE: outerloop lab noisy-labels <options>

    \(progressOutput)
      --data <path>           A folder with pictures and a test part, or the name
                              of a data set that was fetched.
      --choice <file>         CSV of the training examples (position, anything,
                              label) instead of a random choice.
      --train <n>             Training examples. (default: 1000)
      --noise <share>         Share of labels that are drawn anew. (default: 0.3)
      --seeds <seeds>         Runs from different starts. (default: 5)
      --updates <updates>     Updates of the example weights. (default: 201)
      --every <T>             Steps of training between updates. (default: 10)
      --gamma <gamma>         Of the greedy method. (default: 0.9)
      --method <method>       Methods: none, one-step, difference, greedy, reverse.
                              Default: all.
      --first-seed <first-seed>
                              The seed of the first run. (default: 0)
      --restart               Forget the runs that are done and stored in --out.
      --out <folder>          Folder for results and pictures; outerloop-lab/NAME
                              by default.
    \(end)
    """

  static let labLearningCurves = """
    OVERVIEW: Schedulers on recorded learning curves: regret against epochs.

    Schedulers compared on recorded learning curves, in seconds. Mean regret of the
    best value seen after 300 epochs, with 1,000 configurations of TaskSet and
    LCBench, by reference implementations: random search without a scheduler .56
    and .52 (.69 and .53 in expectation), ASHA .26 and .19, one epoch for all and
    then the best first .17 and .20 (Egele et al. 2023), freeze-thaw with a
    Gaussian process .089 and .087.

    USAGE: outerloop lab learning-curves <options>

    \(progressOutput)
      --data <folder>         Folder of recorded curves (curves-v1: meta.json and
                              *.jsonl.gz). Default: problems of FT-PFN's prior.
      --task <task>           Tasks by name. Default: all.
      --problems <problems>   How many problems of the prior there are. (default:
                              10)
      --configurations <configurations>
                              The most configurations of a task, the first ones.
                              (default: 1000)
      --method <method>       Methods: none, median, percentile, patience, halving,
                              hyperband, asha, pasha, freeze-thaw, dyhpo, dpl,
                              one-epoch, bohb, hyperband-tpe. Default: all.
      --epochs <B>            The budget of a study, over all trials. (default: 300)
      --workers <workers>     Virtual workers. (default: 1)
      --seeds <seeds>         Studies of each method on each task. (default: 5)
      --first-seed <first-seed>
                              The seed of the first study. (default: 0)
      --restart               Forget the runs that are done and stored in --out.
      --out <folder>          Folder for results and pictures; outerloop-lab/NAME
                              by default.
    \(end)
    """
}
