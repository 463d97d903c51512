-- Each login asks for the latest wrong answers for its account that came from elsewhere, and there are few of them. Without
-- an index of their own all of a user's rows of a week are read for it, so that a login costs more the more of them there were.
CREATE INDEX device_login_attempts_wrong ON device_login_attempts (user_id, at)
    WHERE succeeded = FALSE AND registered_device_id IS NULL;
