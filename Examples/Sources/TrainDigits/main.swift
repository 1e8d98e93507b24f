import DigitsTraining
import Foundation

// The same training as a program of its own, for `outerloop tune`: it reads its trial as JSON, from
// the file that OUTERLOOP_TRIAL names or, with --persistent, one line at a time, and reports epochs
// as JSON lines.

struct Trial: Codable {
  var params: DigitsSettings
  var seed: UInt64
}

/// Prints a line that whoever waits for it sees at once.
func say(_ line: String) {
  print(line)
  fflush(nil)
}

let training = try DigitsTraining()

func run(_ json: Data) async throws {
  let trial = try JSONDecoder().decode(Trial.self, from: json)
  try await training.train(trial.params, seed: trial.seed) { epoch, score in
    say(#"{"epoch": \#(epoch), "error": \#(score.error), "loss": \#(score.loss)}"#)
    return true
  }
}

if CommandLine.arguments.contains("--persistent") {
  while let line = readLine() {
    do {
      try await run(Data(line.utf8))
      say(#"{"done": true}"#)
    } catch {
      FileHandle.standardError.write(Data("\(error)\n".utf8))
      say(#"{"done": true, "error": "the training failed"}"#)
    }
  }
} else if let path = ProcessInfo.processInfo.environment["OUTERLOOP_TRIAL"] {
  try await run(Data(contentsOf: URL(fileURLWithPath: path)))
} else {
  print("run by: outerloop tune --space digits.yaml --minimize error -- train-digits")
}
