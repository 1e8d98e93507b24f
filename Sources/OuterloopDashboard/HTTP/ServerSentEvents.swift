internal import OuterloopText

/// A stream of server-sent events: what `next` returns, one at a time as fast as the client reads them. `next` is
/// called four times a second, or when the store notifies of changes.
enum ServerSentEvents {
  struct Item: Sendable {
    var name: String
    var id: Int?
    var data: JSON

    var text: String {
      // The data has no line breaks: JSON escapes them.
      "event: \(name)\n" + (id.map { "id: \($0)\n" } ?? "") + "data: \(data.description)\n\n"
    }
  }

  /// - Parameters:
  ///   - start: the state that `next` keeps between calls.
  ///   - pause: waits between two calls; by default a quarter of a second.
  ///   - next: nil if nothing has happened. An error ends the stream; the client reconnects and then gets the
  ///     error.
  static func stream<Memory: Sendable>(
    _ start: Memory,
    pause: @escaping @Sendable (Memory) async throws -> Void = { _ in
      try await Task.sleep(for: .seconds(ServerSentEvents.pause))
    },
    _ next: @escaping @Sendable (inout Memory) async throws -> Item?
  ) -> AsyncStream<String> {
    let feed = Feed(start, pause, next)
    return AsyncStream(unfolding: { await feed.piece() })
  }

  /// Seconds between calls.
  static let pause = 0.25
  /// The time until a comment is sent as a keep-alive.
  private static let silence = Duration.seconds(15)

  private actor Feed<Memory: Sendable> {
    private var memory: Memory
    private let pause: @Sendable (Memory) async throws -> Void
    private let next: @Sendable (inout Memory) async throws -> Item?
    private var isOpen = false

    init(
      _ start: Memory, _ pause: @escaping @Sendable (Memory) async throws -> Void,
      _ next: @escaping @Sendable (inout Memory) async throws -> Item?
    ) {
      memory = start
      self.pause = pause
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
        try? await pause(memory)
      }
      return nil
    }
  }
}
