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
    ] + experiments + search

  static let root = """
    OVERVIEW: Tune hyperparameters, by search and by gradient.

    By search: `outerloop tune --param 'lr=log(1e-5, 1e-1)' --minimize loss --
    python train.py --lr {lr}` runs any program again and again; it prints {"loss":
    0.31} at its end.

    By gradient: `outerloop clean` learns a weight for each example of your data,
    and finds wrong labels.

    `outerloop demo` shows both on bundled digits in a few seconds, and draws what
    happened.

    Results go to standard output, as JSON with --json; all else goes to standard
    error. Exit status: 0 done, 1 the work failed, 64 wrong usage, 130 interrupted.

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
      tune                    Search the hyperparameters of any program.
      resume                  Go on with a study that was stopped, or give it a
                              larger budget.
      retry                   Run failed trials again, and go on with the study.
      extend                  Widen a range of a study, or add choices.
      add                     Add configurations that you know, to be tried next.
      worker                  Run trials of a study beside the process that began
                              it.
      ask                     Get the next trial, to run it yourself.
      tell                    Say what became of a trial, or a result that you
                              have.

    STUDIES SUBCOMMANDS:
      studies                 List the studies of a store.
      trials                  List the trials of a study, or show one of them whole.
      best                    Show the best trial of a study.
      front                   Show the trials that no other beats in every
                              objective.
      log                     Print or follow what the program of a trial printed.
      plot                    Draw pictures of a study, as SVG files.
      export                  Write the trials of a study as CSV, JSON, or a
                              database of Optuna.
      import                  Take a study out of a database of Optuna.
      delete                  Remove a study and its trials' files.

    GRADIENT SUBCOMMANDS:
      clean                   Find wrong labels: learn a weight for every training
                              example.
      lab                     Run the experiments: published tables and comparisons
                              of methods.
      data                    List and download published data sets.

      See 'outerloop help <subcommand>' for detailed help.
    """

  static let clean = """
    OVERVIEW: Find wrong labels: learn a weight for every training example.

    Softmax regression is trained on the weighted training examples; the weights,
    in [0, 1], follow the gradient of the validation loss through that training
    (Franceschi et al. 2017). Examples whose weight ends near 0 are suspicious. The
    labels of the validation examples are trusted.

    The run is stored in --out and goes on from there after any interruption, with
    the same result. When it is done the folder holds suspicious.csv, losses.svg,
    weights.svg, suspicious.svg (if the examples are images) and result.json.

    JSON keys: accuracy (oracle, baseline, cleaned: test accuracy of models trained
    without the wrong labels, with all, with the learned weights), detection
    (truePositives, falsePositives, falseNegatives, trueNegatives, precision,
    recall, f1), suspicious, examples, updates, seconds, firstLoss, lastLoss,
    settings, files (suspicious, losses, weights, images, result). What is not
    known without --corrupt is null.

    USAGE: outerloop clean [<options>] --data <path>

    DATA:
      --data <path>           A folder or file with IDX, CSV or LIBSVM data, or the
                              name of a data set that was fetched.
      --label <column>        CSV: the column with the class, by name or number
                              from 0 (-1: the last). Default: the last.
      --train <n>             Examples to clean. Default: 5000, or half of what
                              there is.
      --validation <n>        Examples to validate on. Default: 5000, or half of
                              what there is.
      --test <n>              Examples to test on at most. Default: 10000.

    METHOD:
      --corrupt <share>       Share of the training labels to make wrong first, to
                              measure how well they are found. (default: 0.0)
      --steps <n>             T: training steps per update. (default: 2000)
      --hyper-steps <n>       K: updates of the example weights. (default: 500)
      --rate <rate>           Learning rate of the training at average weight 1.
                              (default: 0.1)
      --outer-rate <rate>     Learning rate of the weights (Adam). (default: 0.005)
      --total <sum>           R: largest sum of the weights. Default: (1 - corrupt)
                              n, or 0.9 n without --corrupt.
      --final-steps <n>       Steps of the final training. Default: 2 T.
      --threshold <weight>    An example of smaller weight is suspicious. (default:
                              0.001)
      --seed <n>              Seed of everything that is drawn. (default: 0)
      --method <method>       How the gradient is computed: reverse; reverse:64MB
                              (in so much memory); truncated:100 (through the last
                              steps only); one-step. Default: reverse.

    OUTPUT:
      --json                  Print one JSON object instead of text.
      --no-progress           Do not report progress.
      -q, --quiet             Say nothing but errors.

    OPTIONS:
      --out <folder>          Folder for the run and its results. (default:
                              outerloop-clean)
      --restart               Forget what --out holds of earlier runs.
      --version               Show the version.
      -h, --help              Show help information.

    """

  static let demo = """
    OVERVIEW: A tour of a few seconds on bundled data, with pictures.

    By gradient: half of the labels of bundled handwritten digits are made wrong on
    purpose; cleaning finds them by the gradient of the validation loss through
    training. By search: how to build and train a network for the digits. The JSON
    is that of `outerloop clean` with the key search, which is as `outerloop best`
    prints it.

    USAGE: outerloop demo [--out <folder>] [--restart] [--json] [--no-progress] [--quiet]

    OUTPUT:
      --json                  Print one JSON object instead of text.
      --no-progress           Do not report progress.
      -q, --quiet             Say nothing but errors.

    OPTIONS:
      --out <folder>          Folder for the run and its pictures. (default:
                              outerloop-demo)
      --restart               Forget what --out holds of earlier runs.
      --version               Show the version.
      -h, --help              Show help information.

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

    Prints the folder to give to --data. A download that was interrupted goes on
    where it stopped; files that are complete are not downloaded again. JSON keys:
    name, folder, files (path, bytes, wasPresent).

    USAGE: outerloop data fetch <name> [--mirror <url>] [--into <folder>] [--force] [--json] [--no-progress] [--quiet]

    ARGUMENTS:
      <name>                  Its name, as `outerloop data list` shows it.

    OUTPUT:
      --json                  Print one JSON object instead of text.
      --no-progress           Do not report progress.
      -q, --quiet             Say nothing but errors.

    OPTIONS:
      --mirror <url>          A web folder with the files, instead of the usual
                              ones.
      --into <folder>         Folder to download to. Default: the cache.
      --force                 Replace an ordinary file that is there.
      --version               Show the version.
      -h, --help              Show help information.

    """

  static let list = """
    OVERVIEW: Show the data sets that can be fetched.

    JSON: an array of objects with the keys name, summary, bytes, folder, isFetched.

    USAGE: outerloop data list [--json] [--quiet]

    OUTPUT:
      --json                  Print JSON instead of text.
      -q, --quiet             Say nothing but errors.

    OPTIONS:
      --version               Show the version.
      -h, --help              Show help information.

    """

  static let version = """
    OVERVIEW: Print the version, and what it runs on.

    Linear algebra is the newest OpenBLAS among the system's and those of the
    Python environment (pip install scipy-openblas32), or the file that
    OUTERLOOP_BLAS names. If it does not know the processor, it is asked for the
    best kernels that the processor can run, unless OPENBLAS_CORETYPE pins others.

    JSON keys, with --verbose all but the first: version, swift, blas, blasPath,
    blasFamily (null if the library is missing), blasFamilyAsked (null if OpenBLAS
    chose), blasFamilyAskedBy (OPENBLAS_CORETYPE or outerloop),
    blasFamilyPassedOver (what OpenBLAS had chosen), blasFamilyPin (null unless
    OPENBLAS_CORETYPE is set), processor (its extensions), instructionSet, threads.

    USAGE: outerloop version [--verbose] [--json] [--quiet]

    OUTPUT:
      --json                  Print JSON instead of text.
      -q, --quiet             Say nothing but errors.

    OPTIONS:
      --verbose               Also the libraries and threads in use.
      --version               Show the version.
      -h, --help              Show help information.

    """
}
