/// What `--help` prints of the commands of search, word by word, 80 columns wide.
extension HelpTexts {
  static let search: [Help] = [
    Help(words: ["tune"], text: tune),
    Help(words: ["resume"], text: resume),
    Help(words: ["retry"], text: retry), Help(words: ["extend"], text: extend),
    Help(words: ["add"], text: add),
    Help(words: ["pause"], text: pause), Help(words: ["hint"], text: hint),
    Help(words: ["worker"], text: worker), Help(words: ["launch"], text: launch),
    Help(words: ["launch", "slurm"], text: launchSlurm),
    Help(words: ["launch", "ray"], text: launchRay),
    Help(words: ["launch", "kubernetes"], text: launchKubernetes),
    Help(words: ["ask"], text: ask),
    Help(words: ["tell"], text: tell), Help(words: ["serve"], text: serve),
    Help(words: ["studies"], text: studies),
    Help(words: ["trials"], text: trials),
    Help(words: ["best"], text: best),
    Help(words: ["front"], text: front), Help(words: ["curve"], text: curve),
    Help(words: ["importance"], text: importance),
    Help(words: ["predict"], text: predict), Help(words: ["log"], text: log),
    Help(words: ["plot"], text: plot), Help(words: ["export"], text: export),
    Help(words: ["import"], text: importing),
    Help(words: ["copy"], text: copying),
    Help(words: ["delete"], text: delete),
  ]

  static let tune = """
    OVERVIEW: Tune the hyperparameters of any program.

    The program is run once for each trial. {name} in its arguments is replaced by
    the trial's value, and so are {trial}, {seed}, {slot}, {checkpoint}, {from} and
    {to}; other braces stay as they are. {--amp} is --amp where the parameter amp
    is true, else nothing. It reports by printing a line of JSON: {"loss": 0.31}.
    Everything else it prints is its log.

    outerloop tune --param 'lr=log(1e-5, 1e-1)' --param 'layers=int(1, 5)'
    --minimize loss --trials 50 -- python train.py --lr {lr} --layers {layers}

    An argument whose parameter is inactive is left out, with the option before it.
    The values are also in the JSON file named by OUTERLOOP_TRIAL. Without a budget
    100 trials are run, with `--sampler grid` the whole grid. Ctrl-C finishes the
    running trials, a second one stops them; `outerloop resume` continues the
    study. When the first three trials fail the same way, or ten in a row, the
    study stops.

    JSON keys: study, store, seed, sampler, scheduler, objectives, trials (counts
    by state), best (a trial as in `outerloop trials`, null with several
    objectives), command (of the best), checkpoint (of the best: trial, epoch,
    path, state; else null), leading (a trial that is better and not trained to the
    end, else null), front (else null), ending (budget, exhausted, timeout,
    stopped, rule or failures), reason (of a rule), output (the folder of
    --output). With --on they are those of `outerloop launch`.

    USAGE: outerloop tune [<options>] -- [<command> ...]

    ARGUMENTS:
      <command>               The program, after --.

    STUDY:
    \(space)
      --add <configuration>   A configuration to try first: 'lr=0.001, opt=adam'.
                              What is left out gets a value from the sampler.
                              Repeat for more.
      --start-from <study or file>
                              Results to start with: those of a study of the store,
                              or of a file that `outerloop export` wrote. They do
                              not count towards --trials. Repeat for more.
      --warm-start <study or file>
                              A study of the store, or a file that `outerloop
                              export` wrote, that this one learns from as from
                              another task, such as another data set. Its best
                              configurations are tried first.

    STORE:
      --study <name>          The name of the study. (default: study)
      --store <file|url>      Where the studies are: a file, or
                              postgres://USER@HOST/DATABASE. Default:
                              OUTERLOOP_STORE, else outerloop.db.

    BUDGET:
      --trials <n>            Trials in total.
      --timeout <time>        Time in total, during which trials run: 90s, 10m, 2h.
                              Running trials are stopped then.
      --total-epochs <n>      Epochs in total, over all trials.

    \(program)
      --persistent            The program keeps running and reads one request line
                              for each trial from standard input.

    \(resultsOutput)
      --on <engine>           Create the study, and have workers on an engine run
                              it: slurm, ray or kubernetes, with options of
                              `outerloop launch` as in slurm:workers=8,time=4h.
                              --parallel, --gpus, --cpus, --memory and --grace are
                              then about a worker there.
      --dry-run               Show what would be run first, and run nothing.
      --dashboard             Show the study in a browser while it runs: the link
                              is printed.
    \(end)
    """

  static let resume = """
    OVERVIEW: Resume a study, or give it a larger budget.

    The store knows the command. Budgets are totals: after 20 trials, `--trials 50`
    runs 30 more, and so does `--more 30`. Waiting trials are run in any case.
    Options that are not given keep their values; a command after -- replaces the
    old one from now on, in this folder. JSON keys: those of `outerloop tune`.

    USAGE: outerloop resume [<options>] -- [<command> ...]

    ARGUMENTS:
      <command>               The program, after --, to replace the previous one.

    \(study)
      --add <configuration>   A configuration to try first: 'lr=0.001, opt=adam'.
                              What is left out gets a value from the sampler.
                              Repeat for more.

    BUDGET:
    \(budget)

    \(program)

    \(resultsOutput)
    \(end)
    """

  static let worker = """
    OVERVIEW: Run trials of a study alongside the process that started it.

    Any number of workers may run at the same time on one store; each runs one
    trial at a time unless --parallel or --gpus say more. A worker ends when the
    study has nothing left to do. On SIGTERM it stops its trials, which continue
    from their checkpoints on the next free worker. `outerloop launch` starts
    workers on Slurm, Ray and Kubernetes. JSON keys: those of `outerloop tune`.

    USAGE: outerloop worker <options>

    \(study)

    \(program)

    \(progressOutput)
      --directory <folder>    The folder to run the program in. Default: the one in
                              which the study was started.
    \(end)
    """

  static let ask = """
    OVERVIEW: Get the next trial, to run it yourself.

    The first call creates the study: it needs --param and --minimize or
    --maximize. Later ones may repeat them, or name it by --study. Budgets are
    totals; a new one replaces the old. A trial that is not told within --lease is
    given to another worker. Exit status 1: there is nothing to do (the message
    says why).

    outerloop ask --study hand --param 'lr=log(1e-5, 1e-1)' --minimize loss --json
    outerloop tell --study hand --trial 0 loss=0.31

    JSON keys: study, number, attempt, params, fromEpoch, toEpoch, seed, lease
    (seconds).

    USAGE: outerloop ask <options>

    STUDY:
    \(space)

    STORE:
      --store <file|url>      Where the studies are: a file, or
                              postgres://USER@HOST/DATABASE. Default:
                              OUTERLOOP_STORE, else outerloop.db.
      --study <name>          The study; needed if the store has several.

    BUDGET, WHEN THE STUDY BEGINS OR TO CHANGE IT:
    \(budget)

    \(output)
      --lease <time>          Time until the trial is given to another worker,
                              unless it was told. (default: 1h)
      --worker <name>         The name of the worker that asks. (default: ask)
    \(end)
    """

  static let tell = """
    OVERVIEW: Tell the outcome of a trial, or a result that you have.

    outerloop tell --trial 7 loss=0.31
    outerloop tell --trial 7 --failed --message 'out of memory'
    outerloop tell --trial 7 --running --epoch 3 loss=0.4
    outerloop tell --params 'lr=0.001, opt=adam' loss=0.31

    A value that is not finite fails the trial. --running reports and renews the
    lease; without values it only renews it. A trial that its scheduler ends is no
    longer running afterwards: stop it. --params adds the result of a configuration
    that was tried elsewhere: a new trial, which the budget counts and the search
    learns from. JSON keys: study, trial, state.

    USAGE: outerloop tell [<options>] [<metric=value> ...]

    ARGUMENTS:
      <metric=value>          Values, as loss=0.31.

    \(study)

    \(output)
      --trial <n>             The trial's number.
      --params <configuration>
                              The whole configuration of a trial from elsewhere:
                              'lr=0.001, opt=adam'.
      --attempt <n>           The attempt that `ask` returned: a later one then
                              takes precedence. Default: the last.
      --epoch <n>             The epoch the values are of. Default: the last.
      --failed                The trial failed.
      --message <text>        Why it failed.
      --running               The trial is still running.
      --lease <time>          With --running: time until the next heartbeat.
                              (default: 1h)
    \(end)
    """

  static let serve = """
    OVERVIEW: Serve a study to another program, such as the Python package.

    With --stdio it reads requests from standard input and answers each on standard
    output, a JSON object on a line. The first is {"id": 1, "op": "hello",
    "protocol": 1}; Documentation/protocol.md lists the others. A reply has the
    request's id and "ok" with the answer, or "error" with what is wrong and the
    remedy.

    It serves one study, in a store or in memory, and renews the leases of the
    trials that were asked for. It ends when standard input ends, or the process
    that started it; these trials are then run again when the study is resumed.
    Ctrl-C is left to that process.

    USAGE: outerloop serve [--stdio]

    OPTIONS:
      --stdio                 Requests on standard input, replies on standard
                              output.
    \(end)
    """

  static let studies = """
    OVERVIEW: List the studies of a store.

    Stale trials belong to a worker that is lost; they are not counted as running
    in the table. JSON: an array of objects with the keys study, sampler,
    scheduler, seed, objectives, parameters, trials (counts by state, stale ones as
    running), stale (how many), best (trial, value of the first objective), budget
    (trials, epochs, seconds), lastEvent (seconds since 1970).

    USAGE: outerloop studies [--store <file|url>] [--json] [--quiet]

    STORE:
      --store <file|url>      Where the studies are: a file, or
                              postgres://USER@HOST/DATABASE. Default:
                              OUTERLOOP_STORE, else outerloop.db.

    \(output)
    \(end)
    """

  static let trials = """
    OVERVIEW: List the trials of a study, or show one of them in full.

    --where and --sort take the names of parameters and metrics, and number, state,
    reason, seconds, epoch and attempts (param.NAME and value.NAME where one name
    means two things). A value that a trial does not have makes a condition on it
    unknown, which leaves the trial out, and sorts last.

    outerloop trials --where 'loss < 0.1 and lr > 1e-3' --sort loss
    outerloop trials --trial 7

    A running trial whose worker is lost is shown as stale. JSON: an array of
    objects with the keys number, state (stale ones are running), stale, reason (of
    a failure), message, values (by metric), params, epoch (the last reported),
    through (the epoch to reach), checkpoint, attempts, created, started, ended
    (seconds since 1970), seconds (of work). With --trial one object, with reports
    (epoch, values, seconds), runs (worker, started, ended, reason), log (path,
    null if there is none) and logEnd (its last lines) too.

    USAGE: outerloop trials [--store <file|url>] [--study <name>] [--trial <n>] [--state <state> ...] [--where <condition>] [--sort <column>] [--reverse] [--best <n>] [--last <n>] [--json] [--quiet]

    \(study)

    CHOICE:
      --state <state>         Only trials that are waiting, running, stale, paused,
                              complete, pruned or failed. Repeat for more.
      --where <condition>     Only trials for which this holds: 'loss < 0.1 and
                              state == complete'.
      --sort <column>         The column to sort by, smallest first. Default:
                              number.
      --reverse               In reverse order.
      --best <n>              The n best complete trials by the objective, or by
                              that of --sort if there are several.
      --last <n>              At most the n newest of those chosen.

    \(output)
      --trial <n>             Only this trial, in full.
    \(end)
    """

  static let best = """
    OVERVIEW: Show the best trial of a study.

    Also its last checkpoint, if it is on disk as announced. JSON keys: those of
    `outerloop tune` without ending.

    USAGE: outerloop best [--store <file|url>] [--study <name>] [--json] [--quiet]

    \(study)

    \(output)
    \(end)
    """

  static let front = """
    OVERVIEW: Show the Pareto front of several objectives.

    The trials that no other beats in every objective, ordered by the first. JSON
    keys: those of `outerloop tune` without ending; front is an array of trials.

    USAGE: outerloop front [--store <file|url>] [--study <name>] [--json] [--quiet]

    \(study)

    \(output)
    \(end)
    """

  static let curve = """
    OVERVIEW: Show the best value so far over the epochs trained, or a trial's
    learning curve.

    A row for each report that was better than all before: the epochs trained by
    then over all trials, the seconds during which trials ran, the trial and its
    epoch. Reports of trials that were not trained to the end count too. With
    --trial a row for each epoch of that trial.

    outerloop curve --study digits
    outerloop curve --study digits --trial 7 --metric loss

    JSON keys: study, objectives, totalEpochs, totalSeconds (of the study), points
    (totalEpochs, totalSeconds, trial, epoch, best by metric). With --trial: study,
    trial, state, points (epoch, values, seconds). Numbers that are not finite are
    "NaN", "Infinity" and "-Infinity".

    USAGE: outerloop curve [--store <file|url>] [--study <name>] [--trial <n>] [--metric <metric> ...] [--json] [--quiet]

    \(study)

    \(output)
      --trial <n>             The learning curve of this trial.
      --metric <metric>       Only this objective; with --trial any metric. Repeat
                              for more. Default: all.
    \(end)
    """

  static let copying = """
    OVERVIEW: Copy studies from one store to another.

    A study is copied with all that happened in it, to the event and its time, and
    goes on there as it would have here: from a file to a server, back, or under
    another name. So are its trials' files, logs and checkpoints. Trials that run
    at that moment go on there from their last checkpoints. Nothing is replaced,
    and the study here stays. JSON: an array of objects with the keys study, name
    (there), trials, events, running, folder (of its trials' files there; null if
    none were copied).

    outerloop copy runs.db postgres://me@db.example/runs

    USAGE: outerloop copy <from> <to> [--study <name> ...] [--name <name>] [--without-files] [--json] [--quiet]

    ARGUMENTS:
      <from>                  The store to copy from.
      <to>                    The store to copy to; made if there is none.

    \(output)
      --study <name>          Only this study. Repeat for more. Default: all.
      --name <name>           The name of the study there. Default: the same.
      --without-files         Leave the trials' files where they are.
    \(end)
    """

  static let importance = """
    OVERVIEW: Show which parameters matter.

    ped-anova: how much the values of the best tenth of the trials differ from
    those of all. fanova: the share of the loss's variance over the whole space
    that is due to a parameter alone, with the range over resampled trials. model:
    the share of the variance of a Gaussian process that is due to a parameter,
    alone and in interactions. Shares sum to 1. Of several objectives, ped-anova
    takes the Pareto front's trials as the best unless --objective names one.

    JSON keys: study, method, objective (null: all together), trials (complete
    ones), parameters: name, share, value, low, high (null without a range).

    USAGE: outerloop importance [--store <file|url>] [--study <name>] [--objective <metric>] [--method <method>] [--json] [--quiet]

    \(study)

    \(output)
      --objective <metric>    The objective.
      --method <method>       ped-anova, fanova or model. (values: ped-anova,
                              fanova, model; default: ped-anova)
    \(end)
    """

  static let log = #"""
    OVERVIEW: Print or follow what the program of a trial printed.

    Everything but its reports, standard error included. To a terminal control
    characters are shown as \u001b; a file or another program gets the log as it
    is. JSON keys: study, trial, state, log (path, null if nothing was printed),
    text.

    USAGE: outerloop log [--store <file|url>] [--study <name>] --trial <n> [--last <n>] [--follow] [--json] [--quiet]

    \#(study)

    \#(output)
      --trial <n>             The trial's number.
      --last <n>              Only its last n lines.
      -f, --follow            Keep printing until the trial has ended.
    \#(end)
    """#

  static let plot = """
    OVERVIEW: Plot a study, as SVG files.

    history: values trial by trial, and the best so far. curves: values epoch by
    epoch, a line for each trial. rungs: which trial was trained how far, and when.
    regret: how far the best value so far is from the best of all, over epochs.
    slices: an objective against each parameter. parallel: a line for each
    configuration. rank: two parameters against one another, coloured by rank.
    contour: what a model expects over two parameters, with the trials. model: what
    a model of the trials expects along each parameter. importance: which
    parameters matter. front: two objectives against one another. front-3d: three
    objectives in space. hypervolume: what the Pareto front dominates, trial by
    trial. timeline: which worker ran what when. distribution: the share of trials
    up to each value.

    Without a kind, all that apply are drawn. With several objectives, curves,
    regret, slices, parallel, rank, contour, model, importance, distribution are
    drawn for each of them, into files such as slices-loss.svg. The study may be
    running. Plots that are unchanged since they were drawn are replaced; any other
    file of that name is kept unless --force is given. The paths are printed. JSON
    keys: study, folder, files (kind, objective, path).

    USAGE: outerloop plot [<kind> ...] [--store <file|url>] [--study <name>] [--objective <metric> ...] [--compare <name> ...] [--out <folder>] [--force] [--json] [--quiet]

    ARGUMENTS:
      <kind>                  What to draw. (values: history, curves, rungs,
                              regret, slices, parallel, rank, contour, model,
                              importance, front, front-3d, hypervolume, timeline,
                              distribution)

    \(study)

    \(output)
      --objective <metric>    Only this objective. Repeat for more. Default: all.
      --compare <name>        Another study of the store to compare with, in
                              distribution and regret. Repeat for more.
      --out <folder>          The folder of the pictures. Default:
                              outerloop-plots/STUDY.
      --force                 Replace an existing ordinary file.
    \(end)
    """

  static let export = """
    OVERVIEW: Write the trials of a study as CSV, JSON or an Optuna database, or
    its results.

    csv: a line for each trial, with number, state, reason, value.METRIC for each
    objective and each other metric (results, else what was reported last),
    param.NAME for each parameter (empty where inactive), epoch, through,
    checkpoint, attempts, worker, created, started, ended, message. jsonl: a JSON
    object for each trial, those of `outerloop trials --json` with reports (epoch,
    values, seconds) and runs (worker, started, ended, reason). json: one object
    with study, seed, sampler, objectives, space (as in a space file) and trials
    (as in jsonl). optuna: a SQLite file that Optuna and its dashboard open.
    results: a folder with study.json, best.json (front.json of several
    objectives), checkpoints, trajectory.csv, log.csv and plots, as by `outerloop
    tune --output`; files unchanged since they were written are replaced, all
    others stay; the paths are printed. An error leaves --out as it was. Stores and
    other databases are never replaced, except an earlier export by --format optuna.

    USAGE: outerloop export [--store <file|url>] [--study <name>] [--format <format>] [--out <file>] [--force] [--quiet]

    \(study)

    OPTIONS:
      --format <format>       The format. (values: csv, jsonl, json, optuna,
                              results; default: csv)
      --out <file>            The file or folder to write. Default: standard output.
      --force                 Replace an existing ordinary file.
      -q, --quiet             Say nothing but errors.
    \(end)
    """

  static let importing = """
    OVERVIEW: Import a study from an Optuna database.

    The study is copied with all its trials and can be resumed, viewed and plotted
    like any other, and exported to Optuna again. Differences are reported on
    standard error: names that are not allowed here are changed, a choice None
    becomes the text None, constraints become bounds on metrics, user attributes of
    trials are dropped. JSON keys: study, store, trials, notes (texts).

    USAGE: outerloop import <file> [--store <file|url>] [--study <name>] [--name <name>] [--sampler <name>] [--seed <n>] [--json] [--quiet]

    ARGUMENTS:
      <file>                  The SQLite file of Optuna.

    \(output)
      --store <file|url>      Where the studies are: a file, or
                              postgres://USER@HOST/DATABASE. Default:
                              OUTERLOOP_STORE, else outerloop.db.
      --study <name>          The study; needed if the file has several.
      --name <name>           Its name here. Default: the same.
      --sampler <name>        The sampler from now on: auto, random, sobol, grid,
                              tpe, bohb, gp, cmaes, catcma, nsga2, nsga3, de.
                              (default: auto)
      --seed <n>              Seed of all further random choices. (default: 0)
    \(end)
    """

  static let delete = """
    OVERVIEW: Remove a study and its trials' files.

    JSON keys: study, trials (how many there were), folder (of their files).

    USAGE: outerloop delete [--store <file|url>] --study <name> [--yes] [--json] [--quiet]

    \(output)
      --store <file|url>      Where the studies are: a file, or
                              postgres://USER@HOST/DATABASE. Default:
                              OUTERLOOP_STORE, else outerloop.db.
      --study <name>          The study.
      --yes                   Confirm: what is removed cannot be restored.
    \(end)
    """

  static let retry = """
    OVERVIEW: Run failed trials again, and resume the study.

    Each gets another attempt, from its last checkpoint if it has one; its number,
    configuration and seed stay, and the search forgets the failure. They have
    counted towards --trials already, and run even if it is spent; then the study
    is resumed as by `outerloop resume`. If other processes run the study now, they
    run them.

    outerloop retry --failed --reason timeout --trial-timeout 1h
    outerloop retry --trial 3 --trial 7 --no-run

    JSON keys: those of `outerloop tune`, and retried (numbers).

    USAGE: outerloop retry [<options>] -- [<command> ...]

    ARGUMENTS:
      <command>               The program, after --, to replace the previous one.

    \(study)

    BUDGET:
    \(budget)

    \(program)

    \(resultsOutput)
      --failed                All failed trials.
      --reason <reason>       Failed trials whose reason is error, timeout, memory,
                              lost, cancelled or invalid. Repeat for more.
      --trial <n>             A failed trial, by its number. Repeat for more.
      --no-run                Only queue them, for the next process of the study.
    \(end)
    """

  static let extend = """
    OVERVIEW: Widen a range of a study, or add choices.

    Each --param names a parameter of the study, with a domain that holds all
    values of the present one; its condition stays. Trials stay as they are, and
    count as trials of the wider space. Processes that run the study use it at
    once. A study cannot be narrowed, and no parameters can be added.

    outerloop extend --study study --param 'lr=log(1e-6, 1e-1)' --param
    'opt=choice(sgd, adam, lion)'

    JSON keys: study, parameters, changed (names).

    USAGE: outerloop extend [--store <file|url>] [--study <name>] --param <name=kind(...)> ... [--json] [--quiet]

    \(study)

    \(output)
      --param <name=kind(...)>
                              A parameter with its wider domain: 'lr=log(1e-6,
                              1e-1)'. Repeat for more.
    \(end)
    """

  static let add = """
    OVERVIEW: Add known configurations, to be tried next.

    Each becomes a waiting trial, which is run before any new one. What a
    configuration leaves out gets a value from the sampler. Added trials count
    towards the budget, but are run even if it is spent.

    outerloop add --study study 'lr=0.001, opt=adam' 'opt=sgd, momentum=0.9'

    To add a result that you have: outerloop tell --params 'lr=0.001, opt=adam'
    loss=0.31. JSON keys: study, trials (array of number, params).

    USAGE: outerloop add [--store <file|url>] [--study <name>] [--json] [--quiet] <configuration> ...

    ARGUMENTS:
      <configuration>         Values by name, as 'lr=0.001, opt=adam', or a JSON
                              object.

    \(study)

    \(output)
    \(end)
    """

  static let pause = """
    OVERVIEW: Pause a study: no trial starts until it is resumed.

    Running trials are finished; processes that run the study wait, and continue
    after `outerloop pause --off` or `outerloop resume`.

    outerloop pause --study study
    outerloop pause --study study --off

    JSON keys: study, paused.

    USAGE: outerloop pause [--store <file|url>] [--study <name>] [--off] [--json] [--quiet]

    \(study)

    \(output)
      --off                   Resume the study.
    \(end)
    """

  static let hint = """
    OVERVIEW: State a prior belief about good values, also while a study runs.

    Like `outerloop tune --prior`. The search favours these values in the next
    trials, and relies on its trials more and more; a hint that they contradict is
    dropped. Processes that run the study use it for new trials. To try a
    configuration as it is: `outerloop add`.

    outerloop hint --study study 'lr=0.001±3x, opt=adam' 'units=64±16'

    JSON keys: study, hints (texts).

    USAGE: outerloop hint [--store <file|url>] [--study <name>] [--json] [--quiet] <values> ...

    ARGUMENTS:
      <values>                Values by name, with their spread: 'lr=0.001±3x',
                              'units=64±16', 'opt=adam'; +- stands for ±.

    \(study)

    \(output)
    \(end)
    """

  static let predict = """
    OVERVIEW: Predict the results of configurations by a model of the trials.

    The Gaussian process of the sampler gp, fitted to the trials of any study: the
    median of the result, and the range that holds it two times out of three.
    Values that a configuration leaves out are those of the best trial. --check
    predicts each trial from all others, and shows the largest deviations.

    outerloop predict --study study 'lr=0.001, layers=2' 'lr=0.01'
    outerloop predict --study study --check

    JSON keys: study, objective, trials (how many are modelled), predictions:
    params, median, low, high; with --check correlation, inRange (the share of
    trials in their range; about 0.68 is right), checks: trial, value, median, low,
    high, deviation (in standard deviations).

    USAGE: outerloop predict [--store <file|url>] [--study <name>] [--objective <metric>] [--check] [--json] [--quiet] [<configuration> ...]

    ARGUMENTS:
      <configuration>         Values by name, as 'lr=0.001, opt=adam', or a JSON
                              object.

    \(study)

    \(output)
      --objective <metric>    The objective.
      --check                 Predict each trial from all others.
    \(end)
    """
}
