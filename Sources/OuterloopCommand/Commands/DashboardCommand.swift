internal import ArgumentParser
internal import OuterloopDashboard
internal import OuterloopLab
internal import OuterloopPlatform
internal import OuterloopStore
internal import OuterloopText

/// `outerloop dashboard`
struct DashboardCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dashboard",
    abstract: "Show the studies of a store in a browser, while they run.",
    discussion: """
      The pages follow the studies live and do not slow them down. Ctrl-C ends \
      the server, and nothing else.

      outerloop dashboard --open
      outerloop dashboard --store runs.db --port 9000 --read-only

      Only this machine can open it. With another --host others can too, by the link with a token that \
      is printed, over a connection that is not encrypted. The link is the only line on standard \
      output; with --json an object with the keys url, host, port and token (null without one). \
      The API \
      that the pages use is described at /api/v1/openapi.json.
      """)

  @OptionGroup(title: "Store")
  var place: StoreOptions

  @OptionGroup(title: "Server")
  var server: DashboardOptions

  @Flag(help: "Show studies only; change nothing.")
  var readOnly = false

  @Flag(help: "Open it in the browser.")
  var open = false

  @OptionGroup(title: "Output")
  var output: OutputOptions

  struct Record: Encodable {
    var url, host: String
    var port: Int
    @OrNull var token: String?
  }

  func run() async throws {
    let running = try await server.start(place, isReadOnly: readOnly)
    Interrupts.watch(isSilent: true)
    if output.json {
      try Terminal.print(
        JSONText.of(
          Record(
            url: running.server.link, host: running.server.address.host,
            port: running.server.address.port, token: running.token)))
    } else {
      try Terminal.print(running.server.link)
    }
    if open { Browser.open(running.server.link) }
    while !Interrupts.isRequested { try await Task.sleep(for: .milliseconds(100)) }
    await running.server.stop()
    throw ExitCode(Interrupts.status)
  }
}
