/// The tables, a file each; only the one that is asked for is made.
let rooms: [String: () -> AbuseRoom] = [
  "OuterloopNumerics": { .numerics }, "OuterloopAutodiff": { .autodiff },
  "OuterloopLearning": { .learning }, "OuterloopBilevel": { .bilevel },
  "OuterloopStudy": { .study }, "OuterloopSearch": { .search }, "OuterloopStore": { .store },
  "OuterloopPostgres": { .postgres },
  "OuterloopSpaces": { .spaces }, "OuterloopCharts": { .charts }, "OuterloopTesting": { .testing },
  "OuterloopTuning": { .tuning },
  "Harness": { .harness },
]

let arguments = Array(CommandLine.arguments.dropFirst())
guard arguments.count >= 2, let room = rooms[arguments[1]]?() else {
  say("usage: AbuseProbe list|names|exclusions|run ROOM [FIRST]")
  leave(64)
}
switch arguments[0] {
case "names": for name in room.names.sorted() { say(name) }
case "exclusions":
  for (name, reason) in room.exclusions.sorted(by: { $0.key < $1.key }) {
    say("\(name)\t\(reason)")
  }
case "list":
  for (number, entry) in room.cases.enumerated() {
    say("\(number)\t\(entry.name)\t\(entry.values)")
  }
case "run":
  limitMemory(to: 6 << 30)
  await run(room, from: arguments.count > 2 ? Int(arguments[2]) ?? 0 : 0)
default:
  say("there is no `\(arguments[0])`")
  leave(64)
}
