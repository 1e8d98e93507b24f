private import Dispatch
private import Synchronization

/// A value that is computed on another thread from its creation on, and waited for where it is asked for.
///
/// A thread of its own instead of a task: suggestions are made synchronously, and a thread of the cooperative
/// pool that waited for a task could leave none to run it.
final class BackgroundValue<Value: Sendable>: Sendable {
  private let result = Mutex<Result<Value, any Error>?>(nil)
  private let isComputed = DispatchGroup()

  init(_ compute: @escaping @Sendable () throws -> Value) {
    DispatchQueue.global().async(group: isComputed) { [self] in
      let value = Result { try compute() }
      result.withLock { $0 = value }
    }
  }

  /// Waits for it.
  /// - Throws: what the computation threw.
  func value() throws -> Value? {
    isComputed.wait()
    return try result.withLock { try $0?.get() }
  }
}
