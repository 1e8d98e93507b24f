internal import OuterloopText

/// A job array of workers as `sbatch` reads it.
struct SlurmScript {
  let request: LaunchRequest
  /// The folder in which workers run.
  let here: String
  /// The folder of its logs, and of the file with the store's address if that contains a password.
  let folder: String
  /// Further options, such as `--partition=gpu`.
  let options: [String]

  /// The file from which jobs read where the store is; nil: it is in the script.
  var storeFile: String? { request.store.hasPassword ? folder + "/store" : nil }

  /// - Throws: `CommandError` for what such a script cannot contain.
  func text() throws -> String {
    let words = try request.words(namesStore: storeFile == nil).map(CommandText.quoted)
    let store = storeFile.map { file in
      """

      # Where the store is, with its password, stands in a file that only you can read.
      OUTERLOOP_STORE=$(cat -- \(CommandText.quoted(file))) || exit 1
      export OUTERLOOP_STORE

      """
    }
    return """
      #!/bin/bash
      \(try directives.joined(separator: "\n"))

      # Workers of a study, each of which takes one trial after the other. A trial that is stopped goes on
      # from its last checkpoint, wherever a worker is free.
      \(store ?? "")
      worker() {
        exec \(words.joined(separator: " "))
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

      """
  }

  private var directives: [String] {
    get throws {
      var lines = [
        "--job-name=\(request.name)", "--array=0-\(request.workers - 1)", "--nodes=1", "--ntasks=1",
      ]
      if let cpus = request.cpus { lines.append("--cpus-per-task=\(cpus)") }
      if let gpus = request.gpus, gpus > 0 { lines.append("--gres=gpu:\(gpus)") }
      if let memory = request.mebibytes { lines.append("--mem=\(memory)M") }
      if let seconds = request.seconds { lines.append("--time=\(Self.time(seconds))") }
      lines.append("--chdir=\(try Self.quoted(here))")
      // Percent signs are placeholders.
      let logs = folder.replacing("%", with: "%%") + "/%A_%a.log"
      lines += [
        "--output=\(try Self.quoted(logs))", "--open-mode=append", "--requeue",
        // Sent only to this script, early enough for the worker to finish.
        "--signal=B:USR1@\(Int(request.grace.rounded(.up)) + 60)",
      ]
      for option in options {
        guard option.hasPrefix("-"), option == option.visible else {
          throw CommandError(
            "--sbatch \(CommandText.quoted(option)) is not an option of sbatch",
            hint: "write it as in --sbatch=--partition=gpu", status: 64)
        }
        lines.append(option)
      }
      return lines.map { "#SBATCH \($0)" }
    }
  }

  /// A value as sbatch reads it in a script, on one line.
  private static func quoted(_ text: String) throws -> String {
    guard !text.contains(where: \.isNewline) else {
      throw CommandError(
        "Slurm accepts no path with a line break: \(text)",
        hint: "rename the folder, or launch from another")
    }
    let isPlain = text.utf8.allSatisfy { byte in
      (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
        || Array("-_./%+=,@".utf8).contains(byte)
    }
    guard !isPlain else { return text }
    return "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
  }

  /// `1-02:03:04`, rounded up to minutes, Slurm's resolution.
  static func time(_ seconds: Double) -> String {
    let minutes = Int((seconds / 60).rounded(.up))
    func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    return "\(minutes / 1440)-\(two(minutes / 60 % 24)):\(two(minutes % 60)):00"
  }
}
