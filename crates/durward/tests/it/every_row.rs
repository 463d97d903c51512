//! What holds for every row of the route table.
