internal import ArgumentParser
internal import OuterloopDashboard
internal import OuterloopLab
internal import OuterloopPlatform
internal import OuterloopStore
internal import OuterloopStudy
internal import OuterloopText

/// `outerloop watch`
struct Watch: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Follow a study in the terminal, until it is done.",
    discussion: """
      On a terminal, a view that is updated as the study changes: counts, the best trial, the \
      best value so far, the running trials with their last reports, the trials that ended last. \
      Ctrl-C leaves it; the study continues. Elsewhere, a line for each trial that ends. It ends \
      when nothing runs \
      and the budget is spent or a rule has ended the study.
      """)

  @OptionGroup(title: "Study")
  var choice: StudyChoice

  @Flag(help: "Show the present state, and end.")
  var once = false

  @Option(
    help: ArgumentHelp("Seconds between updates.", valueName: "seconds"))
  var every = 0.5

  @OptionGroup var quiet: QuietOption

  func validate() throws {
    guard every >= 0.05, every <= 3600 else {
      throw ValidationError("--every \(NumberText.short(every)) is not between 0.05 and 3600")
    }
  }

  func run() async throws {
    let found = try await choice.find(.read)
    Interrupts.watch(isSilent: true)
    let study = try await FollowedStudy(found.id, in: found.store)
    var screen = WatchScreen()
    var lines = WatchLines()
    var idleSince: ContinuousClock.Instant?
    while !Interrupts.isRequested {
      try await study.refresh()
      let view = WatchView(
        try await WatchState(study, stale: StaleTrials.of(found.id, in: found.store)))
      // Where trials are paused, the next may continue at once: only after a while is it clear that
      // nobody will continue it.
      idleSince = view.state.isIdle ? idleSince ?? .now : nil
      let isOver = idleSince.map { $0.duration(to: .now) > .seconds(3) } ?? false
      let isLast = once || view.state.isDone || isOver
      if Terminal.isShown {
        try screen.draw(view.lines(width: Terminal.shownWidth, height: Terminal.shownHeight))
      } else if once {
        try Terminal.print(view.lines(width: .max, height: .max).joined(separator: "\n"))
      } else {
        for line in lines.new(view.state) { try Terminal.print(line) }
      }
      if isLast { return }
      // Changes are drawn at once where the store notifies of them, at most twenty times a second.
      try await Task.sleep(for: .seconds(0.05))
      try await found.store.awaitEvents(
        of: found.id, after: study.revision, pause: max(every - 0.05, 0))
    }
    throw ExitCode(Interrupts.status)
  }
}
