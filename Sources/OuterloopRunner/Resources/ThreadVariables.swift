/// Variables by which libraries are told how many threads they may use.
enum ThreadVariables {
  /// OpenMP's, which the libraries of `following` read where their own is not set.
  static let general = "OMP_NUM_THREADS"
  static let following = [
    "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS", "NUMEXPR_NUM_THREADS",
  ]
  static let others = [
    "VECLIB_MAXIMUM_THREADS", "NUMBA_NUM_THREADS", "RAYON_NUM_THREADS", "TF_NUM_INTRAOP_THREADS",
    "LOKY_MAX_CPU_COUNT", "OUTERLOOP_THREADS",
  ]
  static var all: [String] { [general] + following + others }

  /// Those that are to be set, but for what the user has set. A number that was set for OpenMP holds
  /// for those that follow it too.
  static func values(_ threads: Int, beside environment: [String: String]) -> [String: String] {
    let ours = environment[general] == nil ? [general] + following : []
    var values: [String: String] = [:]
    for name in ours + others where environment[name] == nil { values[name] = "\(threads)" }
    return values
  }
}
