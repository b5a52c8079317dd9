*SENSE:Minimize
NAME          coverplan
ROWS
 N  OBJ
 G  balance_rep_ana_min
 L  balance_rep_ana_max
 G  balance_rep_bo_min
 L  balance_rep_bo_max
 G  keep_current_company
 E  one_rep_acme
 E  one_rep_globex
COLUMNS
    over_balance_rep_ana  balance_rep_ana_min  -1.000000000000e+00
    over_balance_rep_ana  balance_rep_ana_max  -1.000000000000e+00
    over_balance_rep_ana  OBJ        2.000000000000e-01
    over_balance_rep_bo  balance_rep_bo_min  -1.000000000000e+00
    over_balance_rep_bo  balance_rep_bo_max  -1.000000000000e+00
    over_balance_rep_bo  OBJ        2.000000000000e-01
    MARK      'MARKER'                 'INTORG'
    uncovered_acme  one_rep_acme   1.000000000000e+00
    MARK      'MARKER'                 'INTEND'
    MARK      'MARKER'                 'INTORG'
    uncovered_globex  one_rep_globex   1.000000000000e+00
    MARK      'MARKER'                 'INTEND'
    under_balance_rep_ana  balance_rep_ana_min   1.000000000000e+00
    under_balance_rep_ana  balance_rep_ana_max   1.000000000000e+00
    under_balance_rep_ana  OBJ        2.000000000000e-01
    under_balance_rep_bo  balance_rep_bo_min   1.000000000000e+00
    under_balance_rep_bo  balance_rep_bo_max   1.000000000000e+00
    under_balance_rep_bo  OBJ        2.000000000000e-01
    under_keep_current_company  keep_current_company   1.000000000000e+00
    under_keep_current_company  OBJ        1.000000000000e+01
    MARK      'MARKER'                 'INTORG'
    x_acme_ana  balance_rep_ana_min   5.000000000000e+04
    x_acme_ana  balance_rep_ana_max   5.000000000000e+04
    x_acme_ana  one_rep_acme   1.000000000000e+00
    x_acme_ana  OBJ       -5.000000000000e+04
    MARK      'MARKER'                 'INTEND'
    MARK      'MARKER'                 'INTORG'
    x_acme_bo  balance_rep_bo_min   5.000000000000e+04
    x_acme_bo  balance_rep_bo_max   5.000000000000e+04
    x_acme_bo  one_rep_acme   1.000000000000e+00
    x_acme_bo  OBJ       -5.000000000000e+04
    MARK      'MARKER'                 'INTEND'
    MARK      'MARKER'                 'INTORG'
    x_globex_ana  balance_rep_ana_min   3.000000000000e+04
    x_globex_ana  balance_rep_ana_max   3.000000000000e+04
    x_globex_ana  one_rep_globex   1.000000000000e+00
    x_globex_ana  OBJ       -3.000000000000e+04
    MARK      'MARKER'                 'INTEND'
    MARK      'MARKER'                 'INTORG'
    x_globex_bo  balance_rep_bo_min   3.000000000000e+04
    x_globex_bo  balance_rep_bo_max   3.000000000000e+04
    x_globex_bo  one_rep_globex   1.000000000000e+00
    x_globex_bo  OBJ       -3.000000000000e+04
    MARK      'MARKER'                 'INTEND'
RHS
    RHS       balance_rep_ana_min   3.400000000000e+04
    RHS       balance_rep_ana_max   4.600000000000e+04
    RHS       balance_rep_bo_min   3.400000000000e+04
    RHS       balance_rep_bo_max   4.600000000000e+04
    RHS       keep_current_company   0.000000000000e+00
    RHS       one_rep_acme   1.000000000000e+00
    RHS       one_rep_globex   1.000000000000e+00
BOUNDS
 BV BND       uncovered_acme
 BV BND       uncovered_globex
 BV BND       x_acme_ana
 BV BND       x_acme_bo
 BV BND       x_globex_ana
 BV BND       x_globex_bo
ENDATA
