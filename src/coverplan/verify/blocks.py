"""Units that rules tie together: the blocks whose best choice the bound takes exactly.

A unit is a seat, or the seats that hard `family` rules merge. Two kinds of rules tie units to each other:

- `same_team`: two units that hold seats of one account under the rule. The weight of the tie is the sum of the
  penalties of all such rules and accounts, infinite where one of the rules is hard. It is due where both units are
  covered, from different pods.
- soft `family`: the unit of a child's seat and that of the parent's seat of the same role, where the two differ. The
  weight of the tie is the sum of the penalties of all such rules and children. It is due where the child's unit is
  covered and its rep is not the rep of the parent's unit (an idle parent has none).

A rule with penalty 0 ties nothing. Which ties count in the bound:

1. The components of units under the `same_team` ties alone are *teams*. They lie within one account, or one merged
   family, and have one unit per role. A team counts if it has at most `LARGEST_TEAM` units; the ties of a larger one
   are dropped.
2. A `family` tie counts if neither of its units has any `same_team` tie (of a team of any size); else it is dropped.
   As each account has one parent, the ties that count form trees, whose units all have the same role.

Dropping a tie can only raise the bound, so it stays valid. A block is a team, a tree, or a unit without ties; its
value is the largest sum, over the choices of a rep or nobody for each unit, of the units' worth at the prices less the
weights that are due. `spread` is left out altogether.
"""

LARGEST_TEAM = 5
