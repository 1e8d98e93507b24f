internal import Synchronization

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// What a program prints during a trial, in a file of bounded size: the first part and the last, and
/// between them a line that says how much is missing.
///
/// The file is made when there is something to write. That it cannot be written is no reason to fail
/// a trial: the log then ends early.
final class TrialLog: Sendable {
  private struct State {
    var file: Int32 = -1
    var isBroken = false
    /// Bytes that may still be written as they come.
    var room: Int
    /// The last bytes of what did not fit, up to twice as many as are to be kept.
    var tail: [UInt8] = []
    /// Bytes that did not fit, those in the tail included.
    var surplus = 0
    var endsLine = true
  }

  private let path: String
  private let tailSize: Int
  private let state: Mutex<State>

  /// - Parameter limit: bytes; one sixteenth of them, at most 256 kB, are for the end.
  init(_ path: String, limit: Int) {
    self.path = path
    tailSize = min(limit / 16, 256 << 10)
    state = Mutex(State(room: limit - tailSize))
  }

  deinit { close() }

  func write(_ bytes: ArraySlice<UInt8>) {
    guard !bytes.isEmpty else { return }
    state.withLock { state in
      open(&state)
      let first = bytes.prefix(state.room)
      put(first, &state)
      state.room -= first.count
      keep(bytes.dropFirst(first.count), &state)
    }
  }

  /// A remark of our own, on a line of its own.
  func note(_ text: String) {
    let isInLine = state.withLock { !$0.endsLine }
    write(Array("\(isInLine ? "\n" : "")[outerloop] \(text)\n".utf8)[...])
  }

  /// Writes the end that was held back, and closes the file.
  func close() {
    state.withLock { state in
      guard state.file >= 0 else { return }
      if state.surplus > 0 {
        let tail = state.tail.suffix(tailSize)
        let lost = state.surplus - tail.count
        let mark = "\n[outerloop] ... \(lost) bytes are left out here ...\n"
        if lost > 0 { put(Array(mark.utf8)[...], &state) }
        put(tail, &state)
      }
      closeFile(state.file)
      state.file = -1
      state.isBroken = true
    }
  }

  private func open(_ state: inout State) {
    guard state.file < 0, !state.isBroken else { return }
    #if canImport(Glibc)
      state.file = Glibc.open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o666)
    #elseif canImport(Musl)
      state.file = Musl.open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o666)
    #else
      state.file = Darwin.open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o666)
    #endif
    state.isBroken = state.file < 0
  }

  private func put(_ bytes: ArraySlice<UInt8>, _ state: inout State) {
    guard let last = bytes.last else { return }
    state.endsLine = last == UInt8(ascii: "\n")
    guard !state.isBroken else { return }
    state.isBroken = !Files.write(bytes, to: state.file)
  }

  private func keep(_ bytes: ArraySlice<UInt8>, _ state: inout State) {
    guard let last = bytes.last, tailSize > 0 else { return }
    state.endsLine = last == UInt8(ascii: "\n")
    state.surplus += bytes.count
    state.tail += bytes.suffix(tailSize)
    if state.tail.count > 2 * tailSize { state.tail.removeFirst(state.tail.count - tailSize) }
  }
}

func closeFile(_ file: Int32) {
  #if canImport(Glibc)
    _ = Glibc.close(file)
  #elseif canImport(Musl)
    _ = Musl.close(file)
  #else
    _ = Darwin.close(file)
  #endif
}
