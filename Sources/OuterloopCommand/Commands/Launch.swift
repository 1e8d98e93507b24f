internal import ArgumentParser
internal import OuterloopPlatform
internal import OuterloopStudy
internal import OuterloopText

/// `outerloop launch`: workers of a study on a cluster.
struct Launch: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run workers of a study on Slurm, Ray or Kubernetes.",
    discussion: """
      Each worker is `outerloop worker`: it takes one trial after another from the store, and \
      ends when \
      the study has nothing left to do. One that is stopped returns its trials, which continue \
      from their last checkpoints. --dry-run prints what would be submitted, word for word.

      outerloop launch slurm --study study --store runs.db --workers 8 --gpus 1 --time 4h --dry-run

      `outerloop tune ... --on slurm:workers=8,time=4h -- COMMAND` creates the study first.
      """,
    subcommands: [LaunchSlurm.self, LaunchRay.self, LaunchKubernetes.self])
}

/// What all engines have in common.
protocol EngineCommand {
  var options: LaunchOptions { get }
  /// Submits workers of a study; with `--dry-run` prints what would be submitted.
  func launch(_ study: String, in place: StoreOptions, json: Bool) throws
}

/// `outerloop launch slurm`.
struct LaunchSlurm: AsyncParsableCommand, EngineCommand {
  static let configuration = CommandConfiguration(
    commandName: "slurm", abstract: "A job array of workers.",
    discussion: """
      The store, this command and the program must be where all nodes find them. A job that is \
      pre-empted is requeued by Slurm, one whose time is nearly up by its own script; trials \
      continue from their checkpoints. Logs, and the file with the store's address if it has a \
      password, are in outerloop.launch. JSON keys: engine, study, name, workers, job, text.

      outerloop launch slurm --study study --workers 8 --gpus 1 --time 4h --sbatch=--partition=gpu
      outerloop launch slurm --study study --cancel
      """)

  @OptionGroup(title: "Study")
  var choice: StudyChoice

  @OptionGroup(title: "Workers")
  var options: LaunchOptions

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Time of a job. Default: the partition's.", valueName: "time"))
  var time: Seconds?

  @Option(
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      "An option of sbatch for the script: --sbatch=--partition=gpu. Repeat for more.",
      valueName: "option"))
  var sbatch: [String] = []

  @Option(
    help: ArgumentHelp(
      "This command on the nodes. Default: where it is here.", valueName: "path"))
  var executable: String?

  @Flag(help: "End the workers of the study that are queued or run.")
  var cancel = false

  @OptionGroup(title: "Output")
  var output: OutputOptions

  func run() async throws {
    let found = try await choice.find()
    if !cancel { _ = try found.program() }
    try launch(found.name, in: choice.place, json: output.json)
  }

  func launch(_ study: String, in place: StoreOptions, json: Bool) throws {
    let request = options.request(
      study, place.address, executable: executable ?? LaunchOptions.ownPath, time: time)
    let remedy = "run this where jobs are submitted; --dry-run prints the script for sbatch"
    if cancel {
      // Restricted to the user's own jobs.
      let words = ["--name=\(request.name)", "--user=\(Self.user)"]
      _ = try EngineTool(name: "scancel", remedy: remedy).run(words)
      Terminal.say("ended what was queued or ran as \(request.name)")
      return
    }
    let here = Tune.here ?? "."
    let script = SlurmScript(
      request: request, here: here, folder: "\(here)/outerloop.launch/\(request.name)",
      options: sbatch)
    let text = try script.text()
    var record = LaunchRecord(
      engine: "slurm", study: study, name: request.name, workers: request.workers, text: text)
    guard !options.dryRun else { return try record.show(json: json) }
    try PrivateFile.makeFolder(script.folder)
    if let file = script.storeFile { try PrivateFile.write(request.store.text, to: file) }
    let printed = try EngineTool(name: "sbatch", remedy: remedy).run(["--parsable"], input: text)
    // `JOB`, or `JOB;CLUSTER`.
    record.job = String(printed.prefix { $0 != ";" && !$0.isWhitespace })
    try record.show(json: json)
    // A password on the command line is not repeated.
    var place = place
    if request.store.hasPassword { place.store = nil }
    Terminal.say(
      "\nlogs in \(script.folder); to see the jobs: squeue --name=\(request.name); to end them: "
        + "outerloop launch slurm\(place.naming(study)) --cancel")
  }

  private static var user: String {
    getpwuid(getuid()).map { String(cString: $0.pointee.pw_name) } ?? "\(getuid())"
  }
}

/// `outerloop launch ray`.
struct LaunchRay: AsyncParsableCommand, EngineCommand {
  static let configuration = CommandConfiguration(
    commandName: "ray", abstract: "Workers as tasks of a Ray cluster.",
    discussion: """
      A program of Ray's Python API, run here by Python until the study has nothing left to do. \
      Ray starts \
      tasks again whose node or process is lost; Ctrl-C ends all. With --json the record is printed \
      before that program runs. JSON keys: engine, study, name, workers, job (null), text.

      outerloop launch ray --study study --store runs.db --workers 8 --gpus 1 --python .venv/bin/python
      """)

  @OptionGroup(title: "Study")
  var choice: StudyChoice

  @OptionGroup(title: "Workers")
  var options: LaunchOptions

  @Option(
    help: ArgumentHelp(
      "The cluster, as for ray.init. Default: RAY_ADDRESS, one that runs here, or a new one.",
      valueName: "address"))
  var address: String?

  @Option(help: ArgumentHelp("A Python that has Ray.", valueName: "path"))
  var python = "python3"

  @Option(
    help: ArgumentHelp(
      "This command on the nodes. Default: where it is here.", valueName: "path"))
  var executable: String?

  @OptionGroup(title: "Output")
  var output: OutputOptions

  func run() async throws {
    let found = try await choice.find()
    _ = try found.program()
    try launch(found.name, in: choice.place, json: output.json)
  }

  func launch(_ study: String, in place: StoreOptions, json: Bool) throws {
    let request = options.request(
      study, place.address, executable: executable ?? LaunchOptions.ownPath)
    let program = RayProgram(request: request, address: address)
    let text = try program.text()
    let record = LaunchRecord(
      engine: "ray", study: study, name: request.name, workers: request.workers, text: text)
    if options.dryRun || json { try record.show(json: json) }
    guard !options.dryRun else { return }
    if program.takesStore { setenv("OUTERLOOP_STORE", request.store.text, 1) }
    try EngineTool(name: python, remedy: "name a Python that has Ray: --python").become(
      ["-"], input: text)
  }
}

/// `outerloop launch kubernetes`.
struct LaunchKubernetes: AsyncParsableCommand, EngineCommand {
  static let configuration = CommandConfiguration(
    commandName: "kubernetes", abstract: "An indexed Job of workers.",
    discussion: """
      The image has this command and the program. The address of a server (--store \
      postgres://...) is read \
      from a secret, so that the manifest holds no password; a file is on the volume, under the \
      same path in all pods. The store is not opened here. JSON keys: engine, study, name, workers, \
      job, text.

      printf %s "$OUTERLOOP_STORE" | kubectl create secret generic outerloop-store --from-file=url=/dev/stdin
      outerloop launch kubernetes --study study --image train:1 --workers 8 --gpus 1
      """)

  @OptionGroup(title: "Study")
  var place: StoreOptions

  @Option(help: ArgumentHelp("The study.", valueName: "name"))
  var study: String

  @OptionGroup(title: "Workers")
  var options: LaunchOptions

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Time of the whole Job. Default: no limit.", valueName: "time"))
  var time: Seconds?

  @Option(
    help: ArgumentHelp(
      "The image, with this command and the program.", valueName: "image"))
  var image: String

  @Option(
    help: ArgumentHelp("The secret whose key `url` is the store's address.", valueName: "name"))
  var secret = "outerloop-store"

  @Option(
    help: ArgumentHelp(
      "A volume claim and where it is mounted, for checkpoints and a store that is a file: "
        + "claim:/data.", valueName: "claim:path"))
  var volume: String?

  @Option(help: ArgumentHelp("The namespace. Default: that of the context.", valueName: "name"))
  var namespace: String?

  @Option(help: ArgumentHelp("This command in the image.", valueName: "path"))
  var executable = "outerloop"

  @Flag(help: "End the workers of the study.")
  var cancel = false

  @OptionGroup(title: "Output")
  var output: OutputOptions

  func validate() throws {
    if image.isEmpty { throw ValidationError("--image is empty") }
    if let volume, mount == nil {
      throw ValidationError("--volume \(volume): write it as claim:/data")
    }
  }

  private var mount: (claim: String, path: String)? {
    guard let volume, let colon = volume.firstIndex(of: ":"), colon > volume.startIndex else {
      return nil
    }
    let path = String(volume[volume.index(after: colon)...])
    return path.hasPrefix("/") ? (String(volume[..<colon]), path) : nil
  }

  func run() async throws { try launch(study, in: place, json: output.json) }

  func launch(_ study: String, in place: StoreOptions, json: Bool) throws {
    let request = options.request(
      study, StoreAddress(place.text, in: mount?.path), executable: executable, time: time)
    guard request.store.isServer || mount != nil else {
      throw CommandError(
        "pods do not have the file \(place.name)",
        hint:
          "name a volume that has it: --volume CLAIM:/data; or a server: --store postgres://...",
        status: 64)
    }
    let manifest = KubernetesManifest(
      request: request, image: image, namespace: namespace, secret: secret, volume: mount)
    let kubectl = EngineTool(
      name: "kubectl", remedy: "install it; --dry-run prints the manifest for kubectl create -f")
    let space = namespace.map { ["--namespace=\($0)"] } ?? []
    if cancel {
      _ = try kubectl.run(["delete", "job", request.name] + space)
      return Terminal.say("ended the job \(request.name)")
    }
    let text = try manifest.text()
    var record = LaunchRecord(
      engine: "kubernetes", study: study, name: request.name, workers: request.workers, text: text)
    guard !options.dryRun else { return try record.show(json: json) }
    if manifest.takesSecret {
      do { _ = try kubectl.run(["get", "secret", secret, "--output=name"] + space) } catch {
        var failure = CommandError(error)
        if failure.what.hasPrefix("kubectl failed") {
          failure.hint =
            "make the secret: printf %s \"$OUTERLOOP_STORE\" | kubectl create secret generic "
            + "\(CommandText.quoted(secret)) --from-file=url=/dev/stdin"
        }
        throw failure
      }
    }
    _ = try kubectl.run(["create", "--filename=-"] + space, input: text)
    record.job = request.name
    try record.show(json: json)
    Terminal.say("\nto see the pods: kubectl get pods --selector=outerloop/study=\(request.name)")
  }
}

extension LaunchRecord {
  /// Prints the submission, or its record.
  func show(json: Bool) throws {
    if json { return try Terminal.print(JSONText.of(self)) }
    try Terminal.printPart(job.map { "job \($0)\n" } ?? text)
  }
}
