internal import OuterloopText

/// A stream of server-sent events: what `next` finds, looked for four times a second, one at a time as fast as the
/// reader takes them.
enum ServerSentEvents {
  struct Item: Sendable {
    var name: String
    var id: Int?
    var data: JSON

    var text: String {
      // The data has no line ends: JSON writes them as escapes.
      "event: \(name)\n" + (id.map { "id: \($0)\n" } ?? "") + "data: \(data.description)\n\n"
    }
  }

  /// - Parameters:
  ///   - start: what `next` remembers from one look to the next.
  ///   - next: nil if nothing has happened. An error ends the stream; the reader connects again, and is told why.
  static func stream<Memory: Sendable>(
    _ start: Memory, _ next: @escaping @Sendable (inout Memory) async throws -> Item?
  ) -> AsyncStream<String> {
    let feed = Feed(start, next)
    return AsyncStream(unfolding: { await feed.piece() })
  }

  /// Between looks.
  private static let pause = Duration.milliseconds(250)
  /// Until a comment shows that the line is open.
  private static let silence = Duration.seconds(15)

  private actor Feed<Memory: Sendable> {
    private var memory: Memory
    private let next: @Sendable (inout Memory) async throws -> Item?
    private var isOpen = false

    init(_ start: Memory, _ next: @escaping @Sendable (inout Memory) async throws -> Item?) {
      memory = start
      self.next = next
    }

    func piece() async -> String? {
      guard isOpen else {
        isOpen = true
        return "retry: 1000\n\n"
      }
      let start = ContinuousClock.now
      while !Task.isCancelled {
        var memory = memory
        do {
          let item = try await next(&memory)
          self.memory = memory
          if let item { return item.text }
        } catch { return nil }
        if start.duration(to: .now) > ServerSentEvents.silence { return ": nothing new\n\n" }
        try? await Task.sleep(for: ServerSentEvents.pause)
      }
      return nil
    }
  }
}
