internal import COuterloopProcess

/// A thread that may wait, outside of the pool that runs asynchronous code. It takes no signals:
/// handlers run elsewhere, and writing to a closed pipe is an error instead of the end.
enum WatchThread {
  private final class Box: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }

  /// False if the system has no thread to give.
  static func start(_ body: @escaping @Sendable () -> Void) -> Bool {
    let box = Unmanaged.passRetained(Box(body))
    let trouble = outerloop_thread(
      { context in
        guard let context else { return }
        Unmanaged<Box>.fromOpaque(context).takeRetainedValue().body()
      }, box.toOpaque())
    if trouble != 0 { box.release() }
    return trouble == 0
  }
}
