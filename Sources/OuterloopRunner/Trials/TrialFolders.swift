internal import OuterloopPlatform
public import OuterloopStudy

/// Where the files of a study's trials are: a folder for each trial, named by its number, with
///
///     log.txt       what the program printed
///     trial.json    what was asked of it
///     checkpoint/   its own
///     kept/         what it announced as checkpoints: see `KeptCheckpoints`
public struct TrialFolders: Sendable, Hashable {
  /// The folder of the study, as an absolute path.
  public let path: String

  /// - Parameters:
  ///   - root: the folder for all studies of a store.
  ///   - study: the study's name; characters that a file name cannot contain are percent-encoded
  ///     (`%2F`).
  public init(in root: String, study: String) {
    let name = Self.fileName(study)
    var folder = root
    if !root.hasPrefix("/"), let here = getcwd(nil, 0) {
      folder = String(cString: here) + "/" + root
      free(here)
    }
    path = folder + "/" + name
  }

  public func folder(ofTrial number: Int) -> String { "\(path)/\(number)" }
  public func log(ofTrial number: Int) -> String { "\(path)/\(number)/log.txt" }
  public func request(ofTrial number: Int) -> String { "\(path)/\(number)/trial.json" }
  public func checkpoint(ofTrial number: Int) -> String { "\(path)/\(number)/checkpoint" }

  /// The state of the last checkpoint that a trial has announced; nil: it has announced none.
  ///
  /// - Complexity: reads it once, at most 64 MiB.
  public func savedCheckpoint(of trial: Trial) -> SavedCheckpoint? {
    guard trial.checkpoint > 0 else { return nil }
    return KeptCheckpoints(in: folder(ofTrial: trial.number)).saved(epoch: trial.checkpoint)
  }

  /// The last lines of a trial's log, without control sequences and empty lines; none if there is
  /// no log.
  public func logEnd(ofTrial number: Int, lines count: Int) -> [String] {
    let bytes = Files.end(of: log(ofTrial: number), limit: 1 << 14)
    return bytes.split { $0 == 0x0a || $0 == 0x0d }
      .map { TerminalText.shown(TerminalText.plain($0), limit: 200) }
      .filter { !$0.allSatisfy(\.isWhitespace) }.suffix(count)
  }

  /// Removes the folders that a trial has left empty.
  func removeEmpty(ofTrial number: Int) {
    if rmdir(checkpoint(ofTrial: number)) == 0 || errno == ENOENT { rmdir(folder(ofTrial: number)) }
  }

  static func fileName(_ name: String) -> String {
    var text = ""
    for character in name.unicodeScalars {
      if character.value > 0x20, !"/%\u{7f}".unicodeScalars.contains(character) {
        text.unicodeScalars.append(character)
      } else {
        let digits = String(character.value, radix: 16, uppercase: true)
        text += digits.count < 2 ? "%0\(digits)" : "%\(digits)"
      }
    }
    return text == "." || text == ".." ? "%2E" + text.dropFirst() : text
  }
}
