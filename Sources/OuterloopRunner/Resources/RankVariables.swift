internal import OuterloopPlatform

/// Variables with which launchers of distributed programs number their processes.
///
/// Where such a launcher has started this process, as `srun -n 4 outerloop worker` does, its rank is
/// not the trial's: the program of a trial is the first, and perhaps the only, process of its
/// training. A library that lets only rank 0 report would be silent in all other workers. Processes
/// that the program starts with its own launcher get their ranks from that launcher.
enum RankVariables {
  static let names = [
    "RANK", "OMPI_COMM_WORLD_RANK", "PMI_RANK", "MV2_COMM_WORLD_RANK", "SLURM_PROCID",
  ]

  /// The values that programs get instead of this process's values; variables that are unset stay
  /// unset.
  static func replaced(_ environment: (String) -> String? = CLibrary.environment) -> [String:
    String]
  {
    var values: [String: String] = [:]
    for name in names {
      if let rank = environment(name), rank != "0" { values[name] = "0" }
    }
    return values
  }
}
