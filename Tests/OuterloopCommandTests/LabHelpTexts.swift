import OuterloopLab
import OuterloopText

/// What `--help` of the experiments prints, word by word. Those of the single experiments are made of their
/// settings; one stands for all.
extension HelpTexts {
  static let experiments: [Help] = [
    Help(words: ["lab"], text: lab), Help(words: ["lab", "list"], text: labList),
    Help(words: ["lab", "report"], text: labReport),
    Help(words: ["lab", "sinusoid"], text: labSinusoid),
  ]

  /// With a line for each experiment of the registry.
  static let lab =
    labHead + "\n" + Laboratory.all.map { line($0.name, $0.about.summary) }.joined(separator: "\n")
    + "\n\n  See 'outerloop help lab <subcommand>' for detailed help."

  /// A name and, from column 26 on, its summary, in lines of up to 79 letters.
  private static func line(_ name: String, _ summary: String) -> String {
    var lines: [String] = []
    var line = ""
    for word in summary.split(separator: " ") {
      if !line.isEmpty, line.count + word.count + 1 > 53 {
        lines.append(line)
        line = ""
      }
      line += (line.isEmpty ? "" : " ") + word
    }
    lines.append(line)
    let name = "  " + name
    let indent = String(repeating: " ", count: 26)
    return lines.enumerated().map { place, line in
      (place == 0 ? name + indent.dropFirst(name.count) : indent) + line
    }.joined(separator: "\n")
  }

  private static let labHead = """
    OVERVIEW: Run the experiments: published tables and comparisons of methods.

    Every experiment is one command; without arguments it runs as it was published,
    with --quick in seconds. It prints its tables, checks its numbers against known
    results, and leaves result.json, result.md and its pictures in --out. Each run
    is stored there when it is done: the same command again, after a kill too, runs
    those that are missing. `lab report` makes a web site of them all.

    JSON keys: experiment, question, command, key (of the settings), settings,
    seconds, tables (title, columns, rows of label and values), claims (statement,
    basis, expected, lower, upper, measured, check), notes, figures (paths),
    captions.

    USAGE: outerloop lab <subcommand>

    OPTIONS:
      --version               Show the version.
      -h, --help              Show help information.

    SUBCOMMANDS:
      list (default)          List the experiments and what they ask.
      report                  Make a web site of the experiments: pictures,
                              mathematics, claims.
    """

  static let labList = """
    OVERVIEW: List the experiments and what they ask.

    USAGE: outerloop lab list [--json] [--no-progress] [--quiet]

    \(progressOutput)
    \(end)
    """

  static let labReport = """
    OVERVIEW: Make a web site of the experiments: pictures, mathematics, claims.

    Runs what is not stored in --out yet and writes a page for each experiment and
    an index, which need neither a network nor scripts. The exit status is 1 if a
    claim fails or an experiment could not be run, with a message; all other pages
    are written.

    USAGE: outerloop lab report [<names> ...] --out <folder> [--quick] [--json] [--no-progress] [--quiet]

    ARGUMENTS:
      <names>                 Experiments by name. Default: all.

    \(progressOutput)
      --out <folder>          Folder of the site.
      --quick                 Small settings on bundled data, for all of it in
                              minutes.
    \(end)
    """

  static let labSinusoid = """
    OVERVIEW: Few-shot sinusoid regression: online hypergradients of 20,400
    weights.

    Do distilled hypergradients learn features for few-shot regression better than
    one-step, first-order and truncated ones at the same number of trainings?

    Three shared layers are hyperparameters, updated at every inner step so that
    the last layer adapts to a new sinusoid from 10 points in 30 steps
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
      --quick                 Small settings on bundled data, for a first look in
                              seconds.
      --restart               Discard the runs that are stored in --out.
      --out <folder>          Folder for results and pictures; outerloop-lab/NAME
                              by default.
    \(end)
    """
}
