import Foundation

/// Where downloaded data sets are kept.
public enum DataCache {
  /// The folder for a data set: `datasets/NAME` in `OUTERLOOP_CACHE`, otherwise in `outerloop` of
  /// `XDG_CACHE_HOME`, otherwise in `~/.cache/outerloop`. It need not exist.
  ///
  /// Empty variables count as absent, as does an `XDG_CACHE_HOME` that is not absolute.
  public static func folder(for set: PublishedDataSet) -> String {
    folder(for: set, environment: ProcessInfo.processInfo.environment)
  }

  /// The same with an explicit environment.
  public static func folder(for set: PublishedDataSet, environment: [String: String]) -> String {
    "\(root(environment))/datasets/\(set.name)"
  }

  private static func root(_ environment: [String: String]) -> String {
    if let own = environment["OUTERLOOP_CACHE"], !own.isEmpty { return trimmed(own) }
    if let shared = environment["XDG_CACHE_HOME"], shared.hasPrefix("/") {
      return trimmed(shared) + "/outerloop"
    }
    let home = environment["HOME"].flatMap { $0.isEmpty ? nil : $0 } ?? NSHomeDirectory()
    return trimmed(home) + "/.cache/outerloop"
  }

  private static func trimmed(_ path: String) -> String {
    path.count > 1 && path.hasSuffix("/") ? trimmed(String(path.dropLast())) : path
  }
}
