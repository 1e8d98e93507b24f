private import Dispatch
private import OuterloopPlatform
private import Synchronization

/// A value that is computed on another thread from its creation on; reading it waits for it.
///
/// It uses a thread instead of a task: suggestions are synchronous, and a thread of the cooperative pool that
/// waits for a task could leave none to run it.
final class BackgroundValue<Value: Sendable>: Sendable {
  private let result = Mutex<Result<Value, any Error>?>(nil)
  private let isComputed = DispatchGroup()

  init(_ compute: @escaping @Sendable () throws -> Value) {
    _ = BackgroundWork.endsBeforeProcess
    BackgroundWork.underWay.enter()
    DispatchQueue.global().async(group: isComputed) { [self] in
      let value = Result { try compute() }
      result.withLock { $0 = value }
      BackgroundWork.underWay.leave()
    }
  }

  /// Waits for it.
  /// - Throws: what the computation threw.
  func value() throws -> Value? {
    isComputed.wait()
    return try result.withLock { try $0?.get() }
  }
}

/// All values that are being computed. A process that exits waits for them, which takes a fraction of a second:
/// OpenBLAS frees its memory when it is unloaded, and a thread still computing with it would crash.
private enum BackgroundWork {
  static let underWay = DispatchGroup()
  static let endsBeforeProcess = atexit { BackgroundWork.underWay.wait() }
}
