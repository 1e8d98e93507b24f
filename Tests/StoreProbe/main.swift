import OuterloopStore
import OuterloopStudy

let arguments = Array(CommandLine.arguments.dropFirst())
guard arguments.count >= 2 else { fatalError("StoreProbe COMMAND FILE ...") }
do {
  try await Probe(path: arguments[1], arguments: Array(arguments.dropFirst(2))).run(arguments[0])
} catch {
  say("error: \(error)")
  exitFailed()
}
