internal import ArgumentParser
internal import OuterloopPlatform

/// `outerloop serve --stdio`: serves a study to a program over two pipes.
struct Serve: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Serve a study to another program, such as the Python package.",
    discussion: """
      With --stdio it reads requests from standard input and answers each on standard output, a JSON \
      object on a line. The first is {"id": 1, "op": "hello", "protocol": 1}; \
      Documentation/protocol.md \
      lists the others. A reply has the request's id and "ok" with the answer, or "error" with what is \
      wrong and the remedy.

      It serves one study, in a store or in memory, and renews the leases of the trials that were \
      asked for. It ends when standard input ends, or the process that started it; these trials \
      are then run again when the study is resumed. Ctrl-C is left to that process.
      """)

  @Flag(help: "Requests on standard input, replies on standard output.")
  var stdio = false

  func validate() throws {
    if !stdio { throw ValidationError("say where requests come from: --stdio") }
  }

  func run() async throws {
    let session = ServeSession()
    for await line in RequestLines.begin() {
      let reply = await session.reply(to: line)
      try Terminal.printPart(Array((reply + "\n").utf8))
      if await session.isOver { break }
    }
    await session.leave()
  }
}
