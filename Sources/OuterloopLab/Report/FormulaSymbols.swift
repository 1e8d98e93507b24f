/// The commands of TeX that formulas may use, and their MathML equivalents.
enum FormulaSymbols {
  /// Letters: shown as identifiers.
  static let letters: [String: String] = [
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "eta": "η",
    "theta": "θ", "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "pi": "π", "rho": "ρ",
    "sigma": "σ", "tau": "τ", "phi": "φ", "psi": "ψ", "omega": "ω", "Delta": "Δ", "Phi": "Φ",
    "Gamma": "Γ", "Sigma": "Σ", "Omega": "Ω", "partial": "∂", "nabla": "∇", "infty": "∞",
    "ell": "ℓ",
  ]

  /// Signs between and around operands.
  static let operators: [String: String] = [
    "leq": "≤", "geq": "≥", "neq": "≠", "approx": "≈", "sim": "∼", "to": "→", "in": "∈",
    "cdot": "⋅", "times": "×", "pm": "±", "mid": "∣", "cdots": "⋯", "ldots": "…", "propto": "∝",
    "odot": "⊙", "top": "⊤", "leftarrow": "←", "{": "{", "}": "}", "|": "‖", "ll": "≪", "gg": "≫",
  ]

  /// Operators with limits above and below them.
  static let large: [String: String] = ["sum": "∑", "prod": "∏", "int": "∫"]

  /// Functions: upright names, some of which take a subscript as a limit.
  static let functions: Set<String> = [
    "log", "exp", "sin", "cos", "det", "min", "max", "arg", "tr", "sign", "lim", "argmin", "argmax",
  ]
  static let limited: Set<String> = ["min", "max", "lim", "argmin", "argmax"]

  /// Marks over a letter.
  static let accents: [String: String] = ["hat": "^", "bar": "¯", "tilde": "˜"]

  /// Spaces, in ems.
  static let spaces: [String: String] = ["quad": "1", "qquad": "2", ",": "0.17", ";": "0.28"]
}
