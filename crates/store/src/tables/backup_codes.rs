//! `backup_codes`: for the day the other factors are lost. Single use, kept as hashes, numbered from 1.

use durward_proto::{Timestamp, UserId};

use crate::encode::Db;
use crate::error::StoreError;
use crate::link::on;
use crate::query::queries;
use crate::scope::{ChangesUsers, Gate, Own};
use crate::tx::Write;

queries! {
    /// Keeps a code's hash.
    INSERT = "INSERT INTO backup_codes (user_id, number, code_hash, created_at, used_at) VALUES ($1, $2, $3, $4, NULL)";
    /// Uses a code up, once.
    USE = "UPDATE backup_codes SET used_at = $4 WHERE user_id = $1 AND number = $2 AND code_hash = $3 AND used_at IS NULL";
    /// Forgets a user's codes, used or not.
    FORGET = "DELETE FROM backup_codes WHERE user_id = $1";
}

impl Write<Gate> {
    /// Keeps new codes, numbered from 1, in the place of those there were.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`; `Conflict` when others are kept at the same moment, or the user is
    /// no longer there.
    pub async fn put_backup_codes(
        &mut self,
        user: UserId,
        hashes: &[[u8; 32]],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        forget(self, user).await?;
        for (hash, number) in hashes.iter().zip(1_i64..) {
            on!(self, |c, sql| sqlx::query(sql(INSERT))
                .bind(user.0)
                .bind(number)
                .bind(hash.as_slice())
                .bind(Db(now))
                .execute(c)
                .await
                .map(drop))?;
        }
        Ok(())
    }

    /// Uses a code up. False when there is no such code, or it was used before: of many at once one wins.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn use_backup_code(
        &mut self,
        user: UserId,
        number: u8,
        hash: &[u8; 32],
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        on!(self, |c, sql| sqlx::query(sql(USE))
            .bind(user.0)
            .bind(i64::from(number))
            .bind(hash.as_slice())
            .bind(Db(now))
            .execute(c)
            .await
            .map(|done| done.rows_affected() == 1))
    }

    /// Forgets a user's codes.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn forget_backup_codes(&mut self, user: UserId) -> Result<(), StoreError> {
        forget(self, user).await
    }
}

impl Write<Own> {
    /// Forgets the asking user's codes.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn forget_backup_codes(&mut self) -> Result<(), StoreError> {
        let user = self.scope.user;
        forget(self, user).await
    }
}

impl<S: ChangesUsers> Write<S> {
    /// Forgets a user's codes.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn forget_backup_codes(&mut self, user: UserId) -> Result<(), StoreError> {
        forget(self, user).await
    }
}

async fn forget<S>(write: &mut Write<S>, user: UserId) -> Result<(), StoreError> {
    on!(write, |c, sql| sqlx::query(sql(FORGET)).bind(user.0).execute(c).await.map(drop))
}
