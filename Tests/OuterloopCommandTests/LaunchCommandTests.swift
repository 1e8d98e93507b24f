import Foundation
import Testing
import Yams

/// Workers on engines: what is printed is what is submitted, and what is submitted runs. The engines themselves
/// are stand-ins here; `make test-engines` runs real ones.
@Suite(.serialized) struct LaunchCommandTests {
  private let tool = Tool()
  private static let study = ["--param", "x=float(0, 1)", "--minimize", "loss", "--seed", "7"]

  /// A study of four trials that has run none: `sbatch` takes its job, and forgets it.
  private func begin(_ study: String = "study", _ store: String = "outerloop.db") throws {
    try program("sbatch", "#!/bin/sh\ncat >/dev/null\necho 1\n")
    let ending = try tool.run(
      ["tune", "--study", study, "--store", store, "--trials", "4", "--on", "slurm"] + Self.study
        + ["--", "sh", "-c", "echo '{\"loss\": {x}}'"], environment: path)
    #expect(ending.status == 0 && ending.out == "job 1\n", "\(ending.err)")
    try FileManager.default.removeItem(atPath: tool.file("outerloop.launch"))
  }

  private func program(_ name: String, _ text: String) throws {
    try tool.makeFolder("bin")
    try tool.write(text, "bin/\(name)")
    chmod(tool.file("bin/\(name)"), 0o755)
  }

  private var path: [String: String] {
    ["PATH": tool.file("bin") + ":" + (ProcessInfo.processInfo.environment["PATH"] ?? "")]
  }

  /// The same text with the study's own code in its place.
  private func neutral(_ text: String, _ name: String) -> String {
    guard let start = text.firstRange(of: "outerloop-\(name)-") else { return text }
    let code = text[start.upperBound...].prefix(8)
    return text.replacing(code, with: LaunchTexts.code)
  }

  @Test func slurmScript() throws {
    try begin("study", "runs.db")
    let text = try tool.run([
      "launch", "slurm", "--store", "runs.db", "--workers", "4", "--parallel", "2", "--gpus", "2",
      "--cpus", "8", "--memory", "16GB", "--time", "4h", "--sbatch=--partition=gpu", "--dry-run",
    ])
    #expect(text.status == 0, "\(text.err)")
    let here = try #require(realpath(tool.folder.path, nil).map { String(cString: $0) })
    let own = try #require(Tool.path.flatMap { realpath($0, nil) }.map { String(cString: $0) })
    #expect(
      neutral(text.out, "study").replacing("\(here)/runs.db", with: "/data/runs.db")
        == LaunchTexts.slurm(here, own))
    #expect(!tool.has("outerloop.launch"))
  }

  /// What `sbatch` gets is what `--dry-run` prints; it runs, and its workers finish the study.
  @Test func slurmJobsRun() throws {
    let name = "it's a \"study\" of $HOME"
    let store = "my runs.db"
    try begin(name, store)
    try program(
      "sbatch",
      """
      #!/bin/bash
      cat >submitted.sh
      echo '77;cluster'
      SLURM_JOB_ID=77 bash submitted.sh >job.txt 2>&1
      """)
    let words = ["launch", "slurm", "--study", name, "--store", store]
    let dry = try tool.run(words + ["--dry-run"])
    let ending = try tool.run(words + ["--json"], environment: path)
    #expect(ending.status == 0, "\(ending.err)")
    let record = try ending.object
    #expect(record["job"] as? String == "77" && record["engine"] as? String == "slurm")
    #expect(try tool.text("submitted.sh") == dry.out)
    #expect(record["text"] as? String == dry.out)
    #expect(
      try tool.states(["--study", name, "--store", store]) == Array(repeating: "complete", count: 4)
    )
  }

  /// Its time nearly up, a job parks its trial and is queued again; cancelled, it parks it and is not.
  @Test(arguments: ["USR1", "TERM"]) func slurmJobsPark(_ signal: String) throws {
    let begun = try tool.run(
      ["tune", "--trials", "1", "--on", "slurm:workers=1"] + Self.study
        + ["--", "sh", "-c", "touch began; sleep 4714.1; echo '{\"loss\": {x}}'"],
      environment: [:],
      shell: "mkdir -p bin; printf '#!/bin/sh\\ncat >job.sh\\necho 5\\n' >bin/sbatch; "
        + "printf '#!/bin/sh\\necho \"$*\" >>scontrol.txt\\n' >bin/scontrol; chmod +x bin/*; "
        + "PATH=\"$PWD/bin:$PATH\" exec \"$0\" \"$@\"")
    #expect(begun.status == 0, "\(begun.err)")
    #expect(begun.out == "job 5\n")
    let job = Process()
    // Processes of Foundation begin with signals blocked, those of Slurm do not.
    job.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    job.arguments = [
      "python3", "-c",
      "import os, signal; signal.pthread_sigmask(signal.SIG_SETMASK, []); "
        + "os.execvp('bash', ['bash', 'job.sh'])",
    ]
    job.currentDirectoryURL = tool.folder
    job.environment = ProcessInfo.processInfo.environment.merging(path) { $1 }
      .merging(["SLURM_JOB_ID": "5"]) { $1 }
    try job.run()
    for _ in 0..<600 where !tool.has("began") { usleep(50_000) }
    kill(job.processIdentifier, signal == "USR1" ? SIGUSR1 : SIGTERM)
    job.waitUntilExit()
    #expect(job.terminationStatus > 128)
    #expect(try tool.states() == ["waiting"])
    let queued = try? tool.text("scontrol.txt")
    #expect(queued == (signal == "USR1" ? "requeue 5\n" : nil))
  }

  /// The commands of the page print what they would submit.
  @Test func commandsOfThePage() throws {
    try begin()
    let page = URL(filePath: #filePath).deletingLastPathComponent().appending(
      path: "../../Documentation/launching.md")
    let parts = try String(contentsOf: page, encoding: .utf8).components(separatedBy: "```")
    let commands = parts.filter { $0.hasPrefix("sh\n") && $0.contains("--dry-run") }
    #expect(commands.count == 1)
    let ending = try tool.run(script: "set -e\n\(commands.joined().dropFirst(3))")
    #expect(ending.status == 0, "\(ending.err)")
    for word in [
      "#SBATCH --gres=gpu:1", "num_gpus=GPUS", "claimName: \"data\"", "\"/data/outerloop.db\"",
    ] {
      #expect(ending.out.contains(word), "\(word)")
    }
  }

  @Test func slurmCancel() throws {
    try begin()
    try program("scancel", "#!/bin/sh\necho \"$*\" >cancelled.txt\n")
    let dry = try tool.run(["launch", "slurm", "--dry-run"])
    let ending = try tool.run(["launch", "slurm", "--cancel"], environment: path)
    #expect(ending.status == 0, "\(ending.err)")
    let name = try #require(
      dry.out.split(separator: "\n").first { $0.contains("--job-name=") }?.split(separator: "=")
        .last)
    #expect(try tool.text("cancelled.txt").hasPrefix("--name=\(name) --user="))
  }

  @Test func toolsThatAreMissing() throws {
    try begin()
    try tool.makeFolder("empty")
    let none = ["PATH": tool.file("empty")]
    let sbatch = try tool.run(["launch", "slurm"], environment: none)
    #expect(sbatch.status == 1)
    #expect(
      sbatch.err.hasSuffix(
        """
        error: there is no program sbatch in PATH

        hint: run this where jobs are submitted; --dry-run prints the script for sbatch

        """))
    let ray = try tool.run(["launch", "ray", "--python", "nopython"], environment: none)
    #expect(ray.status == 1 && ray.err.contains("there is no program nopython in PATH"))
    let kubectl = try tool.run(
      ["launch", "kubernetes", "--study", "s", "--image", "i", "--volume", "c:/data"],
      environment: none)
    #expect(kubectl.status == 1 && kubectl.err.contains("there is no program kubectl in PATH"))
    // A Python without Ray says how to get it.
    try tool.write("raise ImportError('no ray here')\n", "ray.py")
    let noRay = try tool.run(["launch", "ray"], environment: ["PYTHONPATH": tool.folder.path])
    #expect(noRay.status == 1 && noRay.err.contains("hint: pip install ray"), "\(noRay.err)")
  }

  @Test(arguments: [
    (["slurm", "--workers", "0"], "--workers 0 is not from 1 to 100000"),
    (
      ["slurm", "--gpus", "3", "--parallel", "2", "--dry-run"],
      "--gpus 3 cannot be shared out evenly"
    ),
    (
      ["slurm", "--sbatch=partition=gpu", "--dry-run"],
      "--sbatch partition=gpu is not an option of sbatch"
    ),
    (
      ["kubernetes", "--study", "s", "--image", "i", "--store", "a.db"],
      "pods do not have the file a.db"
    ),
    (
      ["kubernetes", "--study", "s", "--image", "i", "--volume", "data"], "write it as claim:/data"
    ),
  ])
  func wrongUsage(_ words: [String], _ what: String) throws {
    try begin()
    #expect(try tool.failure(["launch"] + words, status: 64).contains(what))
  }

  @Test func wrongUsageOfOn() throws {
    func failure(_ words: [String]) throws -> String {
      try tool.failure(["tune"] + words + Self.study + ["--", "true", "{x}"], status: 64)
    }
    #expect(try failure(["--on", "pbs"]).contains("--on"))
    #expect(
      try failure(["--on", "slurm", "--dashboard"]).contains("run outerloop dashboard next to it"))
    #expect(try failure(["--on", "slurm", "--gpus", "0,1"]).contains("how many GPUs a worker has"))
    #expect(
      try failure(["--on", "slurm:workers=no"]).hasPrefix(
        "error: --on slurm: The value 'no' is invalid for '--workers <n>'\n"))
    #expect(
      try failure(["--on", "kubernetes"]).hasPrefix(
        "error: --on kubernetes: Missing expected argument '--image <image>'\n"))
    #expect(!tool.has("outerloop.db"))
  }

  @Test func kubernetesManifest() throws {
    let words = [
      "launch", "kubernetes", "--study", "digits", "--image", "train:1",
      "--workers", "8", "--gpus", "1", "--cpus", "4", "--memory", "16GB", "--directory", "/app",
      "--volume", "outerloop-data:/data", "--namespace", "tuning", "--dry-run",
    ]
    let dry = try tool.run(words, environment: ["OUTERLOOP_STORE": "postgres://db/outerloop"])
    #expect(neutral(dry.out, "digits") == LaunchTexts.kubernetes)
    let example = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../Examples/Kubernetes/job.yaml")
    #expect(try String(contentsOf: example, encoding: .utf8) == dry.out)
    try program(
      "kubectl", "#!/bin/sh\necho \"$*\" >>calls.txt\ncase $1 in create) cat >applied.yaml;; esac\n"
    )
    let ending = try tool.run(
      words.filter { $0 != "--dry-run" },
      environment: path.merging(["OUTERLOOP_STORE": "postgres://db/outerloop"]) { $1 })
    #expect(ending.status == 0, "\(ending.err)")
    #expect(try tool.text("applied.yaml") == dry.out)
    #expect(
      try tool.text("calls.txt") == """
        get secret outerloop-store --output=name --namespace=tuning
        create --filename=- --namespace=tuning

        """)
  }

  /// Names and words of any kind come out of the YAML as they went in, but for Kubernetes' own dollar signs.
  @Test(arguments: [
    "plain", "it's \"quoted\": {a} #b", "line\nend", "tab\tand \\ backslash", "$(HOME) $$",
    "ü — 日本 \u{85}\u{2028}",
    "? yes", "null", "1e3",
  ])
  func manifestsReadBack(_ name: String) throws {
    let dry = try tool.run([
      "launch", "kubernetes", "--study", name, "--store", "postgres://db/x", "--image", name,
      "--directory", name, "--secret", name, "--dry-run",
    ])
    #expect(dry.status == 0, "\(dry.err)")
    let root = try #require(try Yams.load(yaml: dry.out) as? [String: Any])
    let job = try Manifest(root)
    #expect(job.args.map { $0.replacing("$$", with: "$") }.contains(name))
    #expect(job.image == name && job.secret == name)
    #expect(
      (root["metadata"] as? [String: Any])?["annotations"] as? [String: String] == [
        "outerloop/study": name
      ])
    #expect(job.problems.isEmpty, "\(job.problems)")
  }

  /// The program is Python, whatever stands in it.
  @Test(arguments: ["plain", "it's \"quoted\" \\ {a}", "line\nend", "ü — 日本"])
  func rayProgram(_ name: String) throws {
    try begin(name)
    let dry = try tool.run([
      "launch", "ray", "--study", name, "--workers", "2", "--gpus", "1", "--dry-run",
    ])
    #expect(dry.status == 0, "\(dry.err)")
    try tool.write(dry.out, "program.py")
    // Ray itself is a stand-in that runs tasks at once.
    try tool.write(
      """
      import json
      class Task:
          def __init__(self, body): self.body = body
          def remote(self, *words): return self.body(*words)
      def remote(**resources):
          json.dump({k: str(v) for k, v in resources.items()}, open("resources.json", "w"))
          return Task
      def init(address): pass
      def get(tasks): return tasks
      """, "ray.py")
    let ending = try tool.run(
      [], environment: ["PYTHONPATH": tool.folder.path], shell: "exec python3 program.py")
    #expect(ending.status == 0, "\(ending.err)")
    #expect(ending.err.contains("worker 1: exit status 0"))
    #expect(try tool.states(["--study", name]).count == 4)
    #expect(try tool.text("resources.json").contains("\"num_gpus\": \"1\""))
  }

  #if os(Linux)
    /// A rank of the worker itself is none of its trials': a training's own first process still reports.
    @Test func ranksOfWorkers() throws {
      let ending = try tool.run(
        ["tune", "--trials", "1"] + Self.study
          + ["--", "sh", "-c", "test \"$SLURM_PROCID\" = 0 && echo '{\"loss\": {x}}'"],
        environment: ["SLURM_PROCID": "3"])
      #expect(ending.status == 0, "\(ending.err)")
    }
  #endif
}
