import Testing

/// What `--help` prints, word by word, 80 columns wide.
enum HelpTexts {
  struct Help: Sendable, CustomTestStringConvertible {
    var words: [String]
    var text: String
    var testDescription: String { (words + ["--help"]).joined(separator: " ") }
  }

  static let all: [Help] =
    [
      Help(words: [], text: root), Help(words: ["clean"], text: clean),
      Help(words: ["demo"], text: demo), Help(words: ["data"], text: data),
      Help(words: ["data", "fetch"], text: fetch), Help(words: ["data", "list"], text: list),
      Help(words: ["version"], text: version),
    ] + experiments + search + looking

  static let root = """
    OVERVIEW: Tune hyperparameters, by search and by gradient.

    By search: `outerloop tune --param 'lr=log(1e-5, 1e-1)' --minimize loss --
    python train.py --lr {lr}` runs a program again and again; at its end it prints
    {"loss": 0.31}.

    By gradient: `outerloop clean` finds wrong labels in your data, `outerloop lab`
    runs published experiments.

    `outerloop demo` shows both on bundled digits in a few seconds, and draws what
    happened.

    Results go to standard output, as JSON with --json; everything else goes to
    standard error. Exit status: 0 done, 1 the work failed, 64 wrong usage, 130
    interrupted.

    OUTERLOOP_THREADS sets the number of threads; results do not depend on it.
    `--version --verbose` shows what the command runs on.

    USAGE: outerloop <subcommand>

    OPTIONS:
      --version               Show the version.
      -h, --help              Show help information.

    SUBCOMMANDS:
      demo                    A tour of a few seconds on bundled data, with
                              pictures.
      version                 Print the version, and what it runs on.

    SEARCH SUBCOMMANDS:
      tune                    Tune the hyperparameters of any program.
      resume                  Resume a study, or give it a larger budget.
      pause                   Pause a study: no trial starts until it is resumed.
      retry                   Run failed trials again, and resume the study.
      extend                  Widen a range of a study, or add choices.
      add                     Add known configurations, to be tried next.
      hint                    State a prior belief about good values, also while a
                              study runs.
      worker                  Run trials of a study alongside the process that
                              started it.
      launch                  Run workers of a study on Slurm, Ray or Kubernetes.
      ask                     Get the next trial, to run it yourself.
      tell                    Tell the outcome of a trial, or a result that you
                              have.
      serve                   Serve a study to another program, such as the Python
                              package.

    STUDIES SUBCOMMANDS:
      studies                 List the studies of a store.
      trials                  List the trials of a study, or show one of them in
                              full.
      best                    Show the best trial of a study.
      front                   Show the Pareto front of several objectives.
      curve                   Show the best value so far over the epochs trained,
                              or a trial's learning curve.
      importance              Show which parameters matter.
      predict                 Predict the results of configurations by a model of
                              the trials.
      log                     Print or follow what the program of a trial printed.
      watch                   Follow a study in the terminal, until it is done.
      dashboard               Show the studies of a store in a browser, while they
                              run.
      plot                    Plot a study, as SVG files.
      report                  Write a study as one HTML file, to mail or to keep.
      export                  Write the trials of a study as CSV, JSON or an Optuna
                              database, or its results.
      import                  Import a study from an Optuna database.
      copy                    Copy studies from one store to another.
      delete                  Remove a study and its trials' files.

    GRADIENT SUBCOMMANDS:
      clean                   Find wrong labels in a table, in pictures or in
                              LIBSVM data.
      lab                     Run the experiments: published tables and comparisons
                              of methods.
      data                    List and download published data sets.

      See 'outerloop help <subcommand>' for detailed help.
    """

  static let clean = """
    OVERVIEW: Find wrong labels in a table, in pictures or in LIBSVM data.

    Every row is examined: its label is compared with what models predict that have
    not seen it, under a noise rate that is estimated too. rows.csv has every row
    with the probability that its label is wrong, suspicious.csv those to review.
    Rows whose labels are known to be correct (--trusted, --trusted-column) improve
    the result.

    Columns of both files: row (number of the row in its file, from 1, without a
    header row), line (of the file, from 1), label, likely (the most probable
    class), probability (that the label is wrong), label_prediction and
    likely_prediction (probabilities by models that have not seen the label),
    flip_rate (how often rows of the likely class carry this label), suspicious,
    true_label (with --corrupt).

    --method published is data hyper-cleaning as it was published (Franceschi et
    al. 2017): a weight in [0, 1] for each of --train examples, learned by the
    gradient of the loss on --validation trusted ones through training. It judges
    the --train examples only. Its suspicious.csv has index (position among the
    training examples), row, label, predicted, weight, true_label. An interrupted
    run can be continued, with the same result.

    JSON, which is result.json too: method, settings, source, examples, suspicious
    (how many), suspects (each with the columns above), detection (with --corrupt:
    truePositives, falsePositives, falseNegatives, trueNegatives, precision,
    recall, f1), seconds, files. By default also classes, trusted, expectedWrong,
    transition (transition[k][j]: how often class k is labelled j), flips,
    averagePrecision, notes; published: accuracy (oracle, baseline, cleaned),
    updates, firstLoss, lastLoss, validationLosses, weights, validationExamples,
    testExamples, leftOut.

    USAGE: outerloop clean [<options>] --data <path>

    DATA:
      --data <path>           A folder or file with IDX, CSV or LIBSVM data, or the
                              name of a data set that was fetched.
      --label <column>        CSV: the column with the class, by name or number
                              from 0 (-1: the last). Default: the last.
      --encoding <name>       CSV: encoding of the text, such as windows-1252.
                              Default: UTF-8 or UTF-16, as it begins.

    METHOD:
      --method <method>       auto: every row by models that have not seen its
                              label. published: data hyper-cleaning as published.
                              Default: auto.
      --trusted <path>        Further rows whose labels are correct: a file or
                              folder with the same columns.
      --trusted-column <column>
                              CSV: a column that says which rows have a correct
                              label (yes or no, true or false, 1 or 0).
      --model <model>         linear: softmax regression. fourier: the same on
                              random Fourier features as well. auto: fourier for
                              pictures, linear and naive Bayes for texts, else
                              linear. Default: auto.
      --folds <n>             Folds of the cross-fitting. Default: 5.
      --corrupt <share>       Share of the labels to corrupt first, to measure how
                              well they are found. (default: 0.0)
      --seed <n>              Seed of all random choices. (default: 0)

    METHOD: PUBLISHED:
      --train <n>             Examples to clean. Default: 5000, or half of what
                              there is.
      --validation <n>        Examples to validate on. Default: 5000, or half of
                              what there is.
      --test <n>              Examples to test on at most. Default: 10000.
      --steps <n>             T: training steps per update. Default: 2000.
      --hyper-steps <n>       K: updates of the example weights. Default: 500.
      --rate <rate>           Learning rate of the training at average weight 1.
                              Default: 0.1.
      --outer-rate <rate>     Learning rate of the weights (Adam). Default: 0.005.
      --total <sum>           R: largest sum of the weights. Default: (1 - corrupt)
                              n, or 0.9 n without --corrupt.
      --final-steps <n>       Steps of the final training. Default: 2 T.
      --threshold <weight>    An example of smaller weight is suspicious. Default:
                              0.001.
      --estimator <estimator> How the gradient is computed: reverse; reverse:64MB
                              (within that much memory); truncated:100 (through the
                              last steps only); one-step. Default: reverse.

    \(progressOutput)
      --out <folder>          Folder for the run and its results. (default:
                              outerloop-clean)
      --restart               Discard earlier runs in --out.
    \(end)
    """

  static let demo = """
    OVERVIEW: A tour of a few seconds on bundled data, with pictures.

    By gradient: half of the labels of bundled handwritten digits are corrupted on
    purpose; cleaning finds them by the gradient of the validation loss through
    training. By search: how to build and train a network for the digits. Both
    together: searches that know the derivatives of the loss need fewer trials. The
    JSON is that of `outerloop clean` with the key search, which is as `outerloop
    best` prints it, and the key gradients, with trials until the loss was reached.

    USAGE: outerloop demo [--out <folder>] [--restart] [--json] [--no-progress] [--quiet]

    \(progressOutput)
      --out <folder>          Folder for the run and its pictures. (default:
                              outerloop-demo)
      --restart               Discard earlier runs in --out.
    \(end)
    """

  static let data = """
    OVERVIEW: List and download published data sets.

    A data set that was fetched can be named instead of a folder: `outerloop clean
    --data mnist`. It is kept in OUTERLOOP_CACHE, else in outerloop in
    XDG_CACHE_HOME, else in ~/.cache/outerloop.

    USAGE: outerloop data <subcommand>

    OPTIONS:
      --version               Show the version.
      -h, --help              Show help information.

    SUBCOMMANDS:
      fetch                   Download a data set, verified by checksum.
      list                    Show the data sets that can be fetched.

      See 'outerloop help data <subcommand>' for detailed help.
    """

  static let fetch = """
    OVERVIEW: Download a data set, verified by checksum.

    Prints the folder to give to --data. An interrupted download continues where it
    stopped; files that are complete are not downloaded again. JSON keys: name,
    folder, files (path, bytes, wasPresent).

    USAGE: outerloop data fetch <name> [--mirror <url>] [--into <folder>] [--force] [--json] [--no-progress] [--quiet]

    ARGUMENTS:
      <name>                  Its name, as `outerloop data list` shows it.

    \(progressOutput)
      --mirror <url>          A web folder with the files, instead of the usual
                              ones.
      --into <folder>         Folder to download to. Default: the cache.
      --force                 Replace an existing ordinary file.
    \(end)
    """

  static let list = """
    OVERVIEW: Show the data sets that can be fetched.

    JSON: an array of objects with the keys name, summary, bytes, folder, isFetched.

    USAGE: outerloop data list [--json] [--quiet]

    \(output)
    \(end)
    """

  static let version = """
    OVERVIEW: Print the version, and what it runs on.

    Linear algebra is the newest OpenBLAS among the system's and those of the
    Python environment (pip install scipy-openblas32), or the file that
    OUTERLOOP_BLAS names. If it does not recognise the processor, it is asked for
    the best kernels that the processor can run, unless OPENBLAS_CORETYPE pins
    others.

    JSON keys, with --verbose all but the first: version, swift, blas, blasPath,
    blasFamily (null if the library is missing), blasFamilyAsked (null if OpenBLAS
    chose), blasFamilyAskedBy (OPENBLAS_CORETYPE or outerloop),
    blasFamilyPassedOver (what OpenBLAS had chosen), blasFamilyPin (null unless
    OPENBLAS_CORETYPE is set), processor (its extensions), instructionSet, threads.

    USAGE: outerloop version [--verbose] [--json] [--quiet]

    \(output)
      --verbose               Also the libraries and threads in use.
    \(end)
    """
}
